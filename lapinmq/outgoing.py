"""A message on its way to the broker, and what its caller hears of it."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from lapinmq.confirmation import Confirmation
from lapinmq.errors import LapinError

logger = logging.getLogger(__name__)

Callback = Callable[[], object]

STEP_SECONDS = 0.5
"""On Windows a wait holds Ctrl+C back until it ends."""


class Outgoing:
    """One message until the broker's answer, on which, in the I/O thread, its callback runs and its caller is told.

    The caller is told by a future, or, where it waits, by a lock: that costs half as much, which eight threads notice.
    """

    __slots__ = ("_answered", "_future", "_watchers", "abandoned", "ack", "body", "error", "exchange",
                 "message_id", "nack", "properties", "returned", "routing_key")  # fmt: skip

    def __init__(
        self, exchange: str, routing_key: str, body: bytes, properties: bytes, message_id: str, waited_for: bool
    ) -> None:
        self.exchange, self.routing_key, self.body = exchange, routing_key, body
        self.properties, self.message_id = properties, message_id
        self.ack: Callback | None = None
        self.nack: Callback | None = None
        self.error: LapinError | None = None
        self.returned: LapinError | None = None
        self.abandoned = False  # by its caller, who has been told that it timed out
        self._watchers: list[Callback] | None = None
        self._answered: threading.Lock | None = None  # held until then
        self._future: Confirmation | None = None
        if waited_for:
            self._answered = threading.Lock()
            self._answered.acquire()
        else:
            self._future = Confirmation()

    @property
    def waited_for(self) -> bool:
        """Whether a caller waits, who is to hear of a lost connection."""
        return self._answered is not None

    @property
    def future(self) -> "Future[None]":
        """The future that tells the answer, where no caller waits."""
        assert self._future is not None
        return self._future

    def wait(self, seconds: float) -> bool:
        """Block until the answer, at most so many seconds; return whether it came, or raise the error that it is."""
        assert self._answered is not None
        deadline = time.monotonic() + seconds
        while not self._answered.acquire(timeout=max(0.0, min(STEP_SECONDS, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return False
        if self.error is not None:
            raise self.error
        return True

    def watch(self, watcher: Callback) -> None:
        """Have the watcher called after the answer. In the I/O thread only."""
        self._watchers = self._watchers or []
        self._watchers.append(watcher)

    def confirm(self) -> None:
        """Tell that the broker has the message; or that it was returned, since no queue takes it."""
        if self.returned is not None:
            self.fail(self.returned)
        else:
            self._tell(self.ack)

    def fail(self, error: LapinError) -> None:
        """Tell that the broker does not have the message, or that nobody knows."""
        self.error = error
        self._tell(self.nack)

    def _tell(self, callback: Callback | None) -> None:
        if callback is not None:
            _run(callback)
        if self._answered is not None:
            self._answered.release()
        elif self._future is not None:
            _run(partial(self._future.tell, self.error))  # it runs done-callbacks
        for watcher in self._watchers or ():
            watcher()


def _run(callback: Callback) -> None:
    """Run a callback of the user; what it raises is logged, and everything else goes on."""
    try:
        callback()
    except BaseException:  # sys.exit() in a callback ends nothing
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
