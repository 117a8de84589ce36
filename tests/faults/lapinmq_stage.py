"""Where a case is played: a broker, a vhost of it, the clients' way to it, and its queues as plain pika sees them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pika
from lapinmq_client import Client, Driver, met
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker
from waiting import Pace

from brokers.broker import Broker

HEARTBEAT = 2
"""Seconds; short, so that a link that stands still is noticed soon."""


class Copy(NamedTuple):
    """One arrival of a message."""

    body: str
    message_id: str
    redelivered: bool


@dataclass
class Stage:
    """A case's broker and client; what is started here is ended by `close`."""

    broker: Broker
    client: Client
    folder: Path
    vhost: str = "/"
    port: int = 0
    """Of the proxy through which the clients go, 0 without one."""
    hosts: str = ""
    """The hosts of a cluster, for a client that takes several."""
    heartbeat: int = HEARTBEAT
    drivers: list[Driver] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead a client to the broker; PyPI's lapinmq reads four of them."""
        found = self.broker.environment(self.vhost)
        port = self.port or self.broker.port
        found["RABBITMQ_PORT"] = str(port)
        if self.hosts:
            found["RABBITMQ_HOST"] = self.hosts
        else:
            login, vhost = f"{quote(self.broker.username)}:{quote(self.broker.password)}", quote(self.vhost, safe="")
            url = found["RABBITMQ_URL"] or f"amqp://{login}@{self.broker.host}:{port}/{vhost}"
            found["RABBITMQ_URL"] = f"{url}{'&' if '?' in url else '?'}heartbeat={self.heartbeat}"
        return found

    def drive(self, *words: object, **environment: str) -> Driver:
        """Start a driver."""
        self.drivers.append(Driver(self.client, self.folder, self.environment() | environment, *words))
        return self.drivers[-1]

    def close(self) -> None:
        """End what still runs."""
        self.pace.end()
        for driver in self.drivers:
            driver.close()

    @contextmanager
    def channel(self) -> Iterator[BlockingChannel]:
        """Open a channel of plain pika for a moment."""
        connection = pika.BlockingConnection(self.broker.parameters(self.vhost))
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    def declare(self, *queues: str, **arguments: Any) -> None:
        """Make durable queues."""
        with self.channel() as channel:
            for queue in queues:
                channel.queue_declare(queue, durable=True, arguments=arguments)

    def waiting(self, queue: str) -> int | None:
        """Return how many messages wait on the queue, None where there is no such queue."""
        with self.channel() as channel:
            try:
                return int(channel.queue_declare(queue, passive=True).method.message_count)
            except ChannelClosedByBroker:
                return None

    def drain(self, queue: str) -> list[Copy]:
        """Take all that waits on the queue, nothing where there is no such queue."""
        copies: list[Copy] = []
        assert met(partial(self._drain, queue, copies), 20), f"queue {queue} gives no messages"
        return copies

    def _drain(self, queue: str, copies: list[Copy]) -> bool:
        """Add what waits to `copies`; return False where the connection ends, as over a queue without leader."""
        with suppress(ConnectionClosedByBroker), self.channel() as channel:
            try:
                channel.queue_declare(queue, passive=True)
            except ChannelClosedByBroker:
                return True
            while (got := channel.basic_get(queue, auto_ack=True)) and (method := got[0]):
                body = got[2].decode(errors="backslashreplace")
                copies.append(Copy(body, str(got[1].message_id), method.redelivered))
            return True
        return False
