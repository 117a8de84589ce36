"""The queues and bindings that a consumer needs: what exists is used as it is, what does not is declared durable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pika.channel import Channel as PikaChannel
from pika.connection import Connection as PikaConnection
from pika.exceptions import ChannelClosedByBroker

from lapinmq import payload

Done = Callable[..., None]

EXCHANGE_TYPES = ("direct", "fanout", "topic", "headers")


@dataclass(frozen=True)
class Binding:
    """A binding of the consumer's queue to an exchange. With a type, the exchange is declared where it does not exist.

    `exchange_type` is direct, fanout, topic or headers; `arguments` are what a headers exchange matches.
    """

    exchange: str
    routing_key: str = ""
    exchange_type: str | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        payload.short("exchange", self.exchange)
        payload.short("routing_key", self.routing_key)
        kind = self.exchange_type
        if kind is not None and kind not in EXCHANGE_TYPES and not kind.startswith("x-"):
            raise ValueError(f"exchange_type is {', '.join(EXCHANGE_TYPES)}, or a plugin's x-..., not {kind!r}")


@dataclass(frozen=True)
class Queue:
    """A queue with the arguments that it is declared with. Without a name it is temporary: exclusive, server-named."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


NO_LIMIT = 1_000_000
"""From RabbitMQ 4.0 a quorum queue without a limit has one of 20, and each lost connection counts."""


def replicated(delivery_limit: int, disconnected_timeout: float | None) -> dict[str, Any]:
    """Return the arguments of every quorum queue.

    From RabbitMQ 4.3 a quorum queue holds what it delivered through a node that is gone, in case the node comes back:
    for 60 s, or for `disconnected_timeout` seconds. Older brokers return it at once, and ignore the argument.
    https://www.rabbitmq.com/docs/quorum-queues#disconnected-consumer-node-timeout
    """
    arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": delivery_limit}
    if disconnected_timeout is not None:
        arguments["x-consumer-disconnected-timeout"] = round(disconnected_timeout * 1000)
    return arguments


def dead_letters(name: str, disconnected_timeout: float | None) -> Queue:
    """Return a quorum queue that keeps what it has."""
    return Queue(name, replicated(NO_LIMIT, disconnected_timeout))


def limited(name: str, delivery_limit: int, dead: str, disconnected_timeout: float | None) -> Queue:
    """Return a quorum queue that moves what was delivered too often to the queue `dead`, losing nothing on the way.

    At-least-once dead-lettering needs reject-publish (https://www.rabbitmq.com/docs/quorum-queues#dead-lettering).
    """
    arguments = replicated(delivery_limit, disconnected_timeout)
    if dead:
        arguments |= {
            "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead,
            "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
        }  # fmt: skip
    return Queue(name, arguments)


def look_up(connection: PikaConnection, name: str, answer: Callable[[str], None]) -> None:
    """Call `answer` with '' if the queue exists, else with the broker's reason. In the I/O thread only.

    It is asked for on a channel of its own, since the broker closes the channel over a queue that does not exist.
    """

    def closed(_: PikaChannel, reason: Exception) -> None:
        answer(reason.reply_text if isinstance(reason, ChannelClosedByBroker) and reason.reply_code == 404 else "")

    def opened(channel: PikaChannel) -> None:
        channel.add_on_close_callback(closed)
        channel.queue_declare(name, passive=True, callback=lambda _: channel.close())

    connection.channel(on_open_callback=opened)


class SetUp:
    """Makes sure, on a channel, that queues, exchanges and bindings are there. In the I/O thread only.

    What exists is found by a passive declaration. Where it does not, the broker closes the channel: `missing` remembers
    that, and on the next channel it is declared.
    """

    def __init__(self, queues: list[Queue], bindings: list[Binding]) -> None:
        self._queues, self._bindings = queues, bindings
        self._missing: set[str] = set()
        self._asked = ""
        self.name = queues[0].name
        """The first queue's name, once a temporary one has got it from the broker."""

    def missing(self, code: int) -> bool:
        """Take note of why the channel was closed; return whether it was over something that is to be declared."""
        asked, self._asked = self._asked, ""
        if code == 404 and asked and asked not in self._missing:
            self._missing.add(asked)
            return True
        self._missing.clear()
        return False

    def gone(self) -> None:
        """Take note that the consumed queue was deleted: to ask for it would close the channel."""
        self._missing.add(f"queue {self._queues[0].name}")

    def run(self, channel: PikaChannel, then: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """Do it all, one after the other, and call `then`; call `failed` where AMQP cannot bear a name or argument."""
        steps = self._steps(channel)

        def go_on(_: object = None) -> None:
            if not channel.is_open:  # stopped in between
                return
            step = next(steps, None)
            try:
                (step or self._finish)(go_on if step else then)
            except Exception as error:  # pika's, of many kinds: it must not reach the connection that others use
                failed(error)

        go_on()

    def _finish(self, then: Done) -> None:
        self._asked = ""
        self._missing.clear()
        then()

    def _steps(self, channel: PikaChannel) -> Iterator[Callable[[Done], None]]:
        for queue in self._queues:
            yield partial(self._queue, channel, queue)
        for binding in self._bindings:
            if binding.exchange_type:
                yield partial(self._exchange, channel, binding)
            yield partial(self._bind, channel, binding)

    def _bind(self, channel: PikaChannel, binding: Binding, done: Done) -> None:
        self._asked = ""
        channel.queue_bind(self.name, binding.exchange, binding.routing_key, binding.arguments, done)

    def _queue(self, channel: PikaChannel, queue: Queue, done: Done) -> None:
        def named(frame: Any) -> None:
            if queue is self._queues[0]:
                self.name = frame.method.queue
            done()

        if not queue.name:
            channel.queue_declare("", exclusive=True, auto_delete=True, callback=named)
        elif self._exists(f"queue {queue.name}"):
            channel.queue_declare(queue.name, passive=True, callback=named)
        else:
            channel.queue_declare(queue.name, durable=True, arguments=queue.arguments, callback=named)

    def _exchange(self, channel: PikaChannel, binding: Binding, done: Done) -> None:
        if self._exists(f"exchange {binding.exchange}"):
            channel.exchange_declare(binding.exchange, passive=True, callback=done)
        else:
            channel.exchange_declare(binding.exchange, binding.exchange_type or "", durable=True, callback=done)

    def _exists(self, what: str) -> bool:
        """Return whether to ask for it, rather than declare it."""
        self._asked = "" if what in self._missing else what
        return bool(self._asked)
