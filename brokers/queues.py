"""What the queues of a vhost hold at this moment."""

from collections.abc import Iterable
from dataclasses import dataclass

import pika
import requests
from pika.exceptions import ChannelClosedByBroker

from brokers.broker import Broker
from brokers.management import Management

TUTORIAL = ("my_queue", "upper")
"""The queues of the lessons."""


@dataclass(frozen=True)
class Queue:
    """Messages that wait, messages handed out but not acknowledged (None where it cannot be seen), and consumers."""

    name: str
    ready: int
    unacknowledged: int | None
    consumers: int


def look(broker: Broker, vhost: str | None = None) -> list[Queue]:
    """Return the queues by name. AMQP tells what waits and who consumes, the management API what is unacknowledged."""
    try:
        listed = Management(broker).queues(vhost or broker.vhost)
        told = {str(queue["name"]): queue.get("messages_unacknowledged", 0) for queue in listed}
    except (requests.RequestException, ValueError):
        told = dict.fromkeys(TUTORIAL)
    connection = pika.BlockingConnection(broker.parameters(vhost))
    try:
        found = [_ask(connection, name, told[name]) for name in sorted(told)]
    finally:
        connection.close()
    return [queue for queue in found if queue]


def empty(broker: Broker, names: Iterable[str]) -> list[str]:
    """Remove all waiting messages, delete a queue that was declared otherwise than here; return what was done."""
    held = {queue.name: queue.unacknowledged or 0 for queue in look(broker)}
    connection = pika.BlockingConnection(broker.parameters())
    try:
        return [_empty(connection, name, held[name]) if name in held else f"{name}: not there" for name in names]
    finally:
        connection.close()


def _ask(connection: pika.BlockingConnection, name: str, unacknowledged: int | None) -> Queue | None:
    try:
        answer = connection.channel().queue_declare(name, passive=True).method
    except ChannelClosedByBroker:  # it is gone by now, or another connection's alone
        return None
    return Queue(name, answer.message_count, unacknowledged, answer.consumer_count)


def _empty(connection: pika.BlockingConnection, name: str, held: int) -> str:
    try:
        connection.channel().queue_declare(name, durable=True)
    except ChannelClosedByBroker:
        connection.channel().queue_delete(name)
        return f"{name}: deleted, since it was declared with other arguments"
    count = connection.channel().queue_purge(name).method.message_count
    rest = f"; {held} more at a consumer, back when it ends: end it, then reset again" if held else ""
    return f"{name}: emptied of {count} waiting message{'' if count == 1 else 's'}{rest}"
