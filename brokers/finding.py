"""The order in which a broker is looked for, the same for `broker.py`, the demo and the tests."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import address
import errors
from brokers import node, package, record
from brokers.broker import Broker
from brokers.container import Container
from brokers.foreign import Foreign
from brokers.node import Node
from brokers.unavailable import Unavailable

WAYS = ("environment", "container", "node")
"""What RABBITMQ_FROM may hold; empty means all of them in this order."""

NONE_FOUND = """There is no RabbitMQ here, and no way to start one. Take one of these three, then run this again:
  1. start Docker (https://docs.docker.com/get-docker/); the image is fetched by itself
  2. install RabbitMQ: apt-get install rabbitmq-server, or brew install rabbitmq; it is run as a private node
  3. name one that runs elsewhere: RABBITMQ_HOST, RABBITMQ_USERNAME, RABBITMQ_PASSWORD"""

Announce = Callable[[str], None]
Entry = dict[str, Any]


class NoBroker(Exception):
    """No way led to a broker; the text lists the ways and why each failed."""


def find(announce: Announce, port: int = 0, management_port: int = 0, name: str | None = None) -> Broker:
    """Return a started broker, which may not answer yet; the caller ends it.

    Without ports it gets free ones and is removed at its end. With a name, it is found again by that name.
    Blocks for a second, or minutes where an image or a package is fetched. Raise NoBroker.
    """
    folder = record.FOLDER / name if name else None
    starts: dict[str, Callable[[], Broker]] = {
        "environment": _named_by_environment,
        "container": lambda: Container.begin(port, management_port, name),
        "node": lambda: _node(announce, port, management_port, folder),
    }
    reasons = []
    for way in _chosen():
        try:
            broker = starts[way]()
        except Unavailable as reason:
            reasons.append(f"{way}: {reason}")
            if reason.worth_telling:
                announce(f"No broker from the {way}: {reason}")
        else:
            _announce(broker, announce)
            return broker
    raise NoBroker("\n".join([NONE_FOUND, *("  (" + reason + ")" for reason in reasons)]))


def entry(broker: Broker) -> Entry:
    """Return what another process finds this broker by, fit for JSON."""
    ports = {"port": broker.port, "management_port": broker.management_port}
    if isinstance(broker, Container):
        return {**ports, "container": broker.container.id}
    return {**ports, "folder": str(broker.folder)} if isinstance(broker, Node) else {}


def again(entry: Entry) -> Broker | None:
    """Return the broker of an entry, None where it has ended, or the entry names none; raise Unavailable."""
    if "container" in entry:
        return Container.again(entry["container"])
    if "folder" in entry:
        found = Node(Path(entry["folder"]), entry["port"], entry["management_port"])
        return found if found.alive() else None
    return None


def _announce(broker: Broker, announce: Announce) -> None:
    try:
        announce(f"Broker: {broker.origin}")
    except BaseException:  # Ctrl+C as soon as the line is read: nobody else knows of this broker yet
        broker.kill()
        broker.end()
        raise


def _chosen() -> tuple[str, ...]:
    chosen = os.environ.get("RABBITMQ_FROM")
    if not chosen:
        return WAYS
    if chosen not in WAYS:
        raise NoBroker(f"RABBITMQ_FROM is {chosen!r}; it may be {', '.join(WAYS)}")
    return (chosen,)


def _named_by_environment() -> Broker:
    if not address.elsewhere() and os.environ.get("RABBITMQ_FROM") != "environment":
        raise Unavailable("RABBITMQ_HOST is not set")
    broker = Foreign()
    refusal = broker.refusal(seconds=10)
    if refusal:
        where = broker.parameters()
        cause = errors.cause(refusal, "", where).replace(errors.START, "unset it and " + errors.START)
        raise NoBroker(f"broker at {errors.place(where)}, named by RABBITMQ_HOST or RABBITMQ_URL: {cause}")
    return broker


def _node(announce: Announce, port: int, management_port: int, folder: Path | None) -> Node:
    node.sweep()
    try:
        node.server()
    except Unavailable:
        package.install("rabbitmq-server", announce)
    return Node.begin(port, management_port, folder)
