"""What passed a tap, read as messages: what was published, what was delivered, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brokers.tap import Seen


@dataclass
class Delivery:
    """One message handed to a consumer. `settled` is when it was acked, nacked or rejected, as `how` says; or None."""

    at: float
    connection: int
    channel: int
    tag: int
    queue: str
    message: str
    properties: Any
    redelivered: bool
    auto_ack: bool
    settled: float | None = None
    how: str = ""
    requeued: bool = False


@dataclass(frozen=True)
class Publication:
    """One message sent to an exchange; `confirmed` is when the broker's ack for it came, or None."""

    at: float
    connection: int
    channel: int
    exchange: str
    routing_key: str
    message: str
    properties: Any
    mandatory: bool
    confirmed: float | None


def deliveries(seen: Iterable[Seen]) -> list[Delivery]:
    """Return the messages that were delivered to consumers, or fetched by basic.get, in their order."""
    consumers: dict[tuple[int, int, str], tuple[str, bool]] = {}
    asked: dict[tuple[int, int], tuple[str, bool]] = {}
    found: list[Delivery] = []
    for each in list(seen):
        method, place = each.method, (each.connection, each.channel)
        if each.name == "Basic.Consume":
            consumers[(*place, method.consumer_tag)] = (method.queue, method.no_ack)
        elif each.name == "Basic.Get":
            asked[place] = (method.queue, method.no_ack)
        elif each.name in ("Basic.Deliver", "Basic.GetOk"):
            by_get = each.name == "Basic.GetOk"
            queue, no_ack = asked[place] if by_get else consumers.get((*place, method.consumer_tag), ("", False))
            found.append(Delivery(each.at, *place, method.delivery_tag, queue, each.text, each.properties,
                                  method.redelivered, no_ack))  # fmt: skip
        elif each.up and each.name in ("Basic.Ack", "Basic.Nack", "Basic.Reject"):
            _settle(found, each)
    return found


def _settle(found: list[Delivery], seen: Seen) -> None:
    multiple = getattr(seen.method, "multiple", False)
    for one in found:
        if (one.connection, one.channel) == (seen.connection, seen.channel) and one.settled is None:
            tag = seen.method.delivery_tag
            if one.tag == tag or (multiple and (one.tag <= tag or tag == 0)):
                one.settled, one.how = seen.at, seen.name.removeprefix("Basic.").lower()
                one.requeued = bool(getattr(seen.method, "requeue", False))


def publications(seen: Iterable[Seen]) -> list[Publication]:
    """Return the messages that scripts published, in their order."""
    seen = list(seen)
    confirming = {(each.connection, each.channel): each.at for each in seen if each.name == "Confirm.Select"}
    counts: dict[tuple[int, int], int] = {}
    found = []
    for each in seen:
        place = (each.connection, each.channel)
        if each.name == "Basic.Publish":
            number = 0
            if each.at >= confirming.get(place, float("inf")):
                number = counts[place] = counts.get(place, 0) + 1
            found.append((each, number))
    return [
        Publication(one.at, one.connection, one.channel, one.method.exchange, one.method.routing_key, one.text,
                    one.properties, one.method.mandatory, _confirmed(seen, one, number))
        for one, number in found
    ]  # fmt: skip


def _confirmed(seen: list[Seen], one: Seen, number: int) -> float | None:
    for each in seen:
        if (
            number
            and not each.up
            and each.name == "Basic.Ack"
            and (each.connection, each.channel) == (one.connection, one.channel)
        ):
            tag = each.method.delivery_tag
            if tag == number or (each.method.multiple and tag >= number):
                return each.at
    return None
