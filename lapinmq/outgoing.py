"""A message on its way to the broker, and what its caller hears of it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future

from lapinmq.errors import LapinError

logger = logging.getLogger(__name__)

Callback = Callable[[], object]


class Outgoing:
    """One message until the broker's answer, on which, in the I/O thread, its callback runs and its future is done."""

    __slots__ = ("abandoned", "ack", "body", "exchange", "future", "message_id", "nack", "properties", "returned",
                 "routing_key", "waited_for")  # fmt: skip

    def __init__(
        self, exchange: str, routing_key: str, body: bytes, properties: bytes, message_id: str, waited_for: bool
    ) -> None:
        self.exchange, self.routing_key, self.body = exchange, routing_key, body
        self.properties, self.message_id = properties, message_id
        self.waited_for = waited_for  # by a caller of a sync publisher, who is to hear of a lost connection
        self.ack: Callback | None = None
        self.nack: Callback | None = None
        self.abandoned = False  # by that caller, who has been told that it timed out
        self.returned: LapinError | None = None
        self.future: Future[None] = Future()

    def confirm(self) -> None:
        """Tell that the broker has the message; or that it was returned, since no queue takes it."""
        if self.returned is not None:
            self.fail(self.returned)
            return
        if self.ack is not None:
            run(self.ack)
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, error: LapinError) -> None:
        """Tell that the broker does not have the message, or that nobody knows."""
        if self.nack is not None:
            run(self.nack)
        if not self.future.done():
            self.future.set_exception(error)


def run(callback: Callback) -> None:
    """Run a callback of the user; what it raises is logged, and everything else goes on."""
    try:
        callback()
    except Exception:
        logger.exception("a publisher's callback raised; the others go on")


def callbacks(given: dict[str, Callback] | None) -> tuple[Callback | None, Callback | None]:
    """Return ack_callback and nack_callback; raise TypeError or ValueError where they are none."""
    if not given:
        return None, None
    unknown = set(given) - {"ack_callback", "nack_callback"}
    if unknown:
        raise ValueError(f"callbacks takes ack_callback and nack_callback, not {', '.join(sorted(map(str, unknown)))}")
    for name, value in given.items():
        if value is not None and not callable(value):
            raise TypeError(f"{name} has to be a function without arguments, not {type(value).__name__}")
    return given.get("ack_callback"), given.get("nack_callback")
