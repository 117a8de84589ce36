"""08 Routing: a direct, a topic and a headers exchange, bound so that each message reaches the queues meant for it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pika.exceptions import ChannelClosedByBroker

from brokers.tap import Seen
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake

FILE = "routing.py"
READ = "README.md, chapter 2"
TYPES = {"logs": "direct", "events": "topic", "documents": "headers"}
QUEUES = {
    "logs": ("errors", "all_logs"),
    "events": ("orders", "failed"),
    "documents": ("pdf_reports", "express"),
}


class Letter(NamedTuple):
    """A message to be sent, and the queues that shall get it."""

    text: str
    key: str
    headers: Mapping[str, str]
    queues: tuple[str, ...]

    def __str__(self) -> str:
        headers = ", ".join(f"{name} = {value}" for name, value in self.headers.items())
        return f"headers {headers or '(none)'}" if not self.key else f"key {self.key}"


@step()
def all_is_there_and_durable(lab: Lab) -> None:
    """Three exchanges and six queues, all durable; twice does no harm."""
    _made(lab)
    _publishes_nothing(lab)
    for exchange, kind in TYPES.items():
        _exchange(lab, exchange, kind)
    for name in sum(QUEUES.values(), ()):
        _queue(lab, name)


@step(all_is_there_and_durable)
def direct_goes_by_the_key(lab: Lab) -> None:
    """logs: error reaches errors and all_logs; info and warning reach all_logs; others reach nobody."""
    words = lab.words(5)
    keys: dict[str, tuple[str, ...]] = {
        "error": ("errors", "all_logs"), "info": ("all_logs",), "warning": ("all_logs",), words[3]: (), "errors": (),
    }  # fmt: skip
    _routed(lab, "logs", [Letter(word, key, {}, keys[key]) for word, key in zip(words, keys, strict=True)])


@step(all_is_there_and_durable)
def topic_goes_by_the_pattern(lab: Lab) -> None:
    """events: order and all that begins with order. reach orders; two words with failed at the end reach failed."""
    one, two, *words = lab.words(10)
    keys: dict[str, tuple[str, ...]] = {
        f"order.{one}": ("orders",), "order": ("orders",), f"order.{one}.{two}": ("orders",),
        "order.failed": ("orders", "failed"), f"{two}.failed": ("failed",), f"{one}.{two}.failed": (), "failed": (),
        f"{one}.order": (),
    }  # fmt: skip
    _routed(lab, "events", [Letter(word, key, {}, keys[key]) for word, key in zip(words, keys, strict=True)])


@step(all_is_there_and_durable)
def headers_go_by_all_or_any(lab: Lab) -> None:
    """documents: pdf and report reach pdf_reports; high or gold reach express."""
    words = lab.words(8)
    cases: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({"format": "pdf", "type": "report"}, ("pdf_reports",)),
        ({"format": "pdf", "type": words[0]}, ()),
        ({"type": "report"}, ()),
        ({"priority": "high"}, ("express",)),
        ({"customer": "gold", "format": "png"}, ("express",)),
        ({"priority": words[1], "customer": words[2]}, ()),
        ({"format": "pdf", "type": "report", "priority": "high", "page": words[3]}, ("pdf_reports", "express")),
        ({}, ()),
    ]
    _routed(lab, "documents", [Letter(word, "", *case) for word, case in zip(words, cases, strict=True)])


def _made(lab: Lab) -> None:
    script = lab.start()
    expect.connects(lab, script)
    expect.ends(lab, script)


def _publishes_nothing(lab: Lab) -> None:
    for one in lab.publications():
        where = f"exchange {one.exchange}" if one.exchange else "default exchange"
        raise Mistake(
            f"{FILE} puts a message on a queue itself, by the {where}.",
            seen=f"it published {one.message!r} with the key {one.routing_key}",
            expected="exchanges, queues and bindings only",
            why="Who publishes to a queue by its name has to know all queues. With bindings it knows one exchange.",
        )


def _exchange(lab: Lab, name: str, kind: str) -> None:
    declared = [each.method for each in lab.tap.methods("Exchange.Declare") if each.method.exchange == name]
    if not declared:
        others = [str(each.method.exchange) for each in lab.tap.methods("Exchange.Declare")]
        raise Mistake(
            f"There is no exchange {name}.",
            seen=f"declared: {', '.join(others) or 'no exchange'}",
            expected=f"exchange_declare('{name}', '{kind}', durable=True)",
            why="Who publishes to an exchange that is not there gets the channel closed.",
        )
    if declared[0].type != kind:
        raise Mistake(
            f"The exchange {name} is of type {declared[0].type}, and not {kind}.",
            seen=f"exchange_declare('{name}', '{declared[0].type}')",
            expected=f"the type {kind}",
            why="The type decides how an exchange compares a message with its bindings. It cannot be changed later.",
        )
    if not declared[0].durable or declared[0].auto_delete:
        raise Mistake(
            f"The exchange {name} is not durable.",
            seen=f"durable={declared[0].durable}, auto_delete={declared[0].auto_delete}",
            expected="durable=True, and no auto_delete",
            why="When the broker restarts, it is gone with all its bindings, and messages find no way.",
        )


def _queue(lab: Lab, name: str) -> None:
    declared = [each.method for each in lab.tap.methods("Queue.Declare") if each.method.queue == name]
    if declared and not declared[0].durable:
        raise Mistake(
            f"The queue {name} is not durable.",
            seen="it was declared with durable=False",
            expected="durable=True",
            why="When the broker restarts, a queue that is not durable is gone, with all its messages.",
        )
    if not lab.exists(name):
        raise Mistake(
            f"There is no queue {name} when the script has ended.",
            seen="it was exclusive, and went with its connection" if declared else "it was never declared",
            expected=f"queue_declare('{name}', durable=True)",
            why="Messages wait on queues. Without it they are dropped.",
        )


def _routed(lab: Lab, exchange: str, letters: Sequence[Letter]) -> None:
    """Send the letters, and raise a Mistake unless each is on its queues, and nowhere else."""
    _made(lab)
    queues = QUEUES[exchange]
    for name in queues:
        if not _bindings(lab, name, exchange):
            raise _unbound(lab, name, exchange)
    for letter in letters:
        try:
            lab.publish(letter.key, letter.text, exchange=exchange, headers=letter.headers)
        except ChannelClosedByBroker:
            raise _unbound(lab, queues[0], exchange) from None
    everywhere = sum(QUEUES.values(), ())
    found = {name: lab.take(name) for name in everywhere}
    for name in queues:
        for letter in letters:
            _delivered(lab, exchange, name, letter, found[name].count(letter.text))
    for name in everywhere:
        if name not in queues and found[name]:
            strayed = next(letter for letter in letters if letter.text in found[name])
            raise _wrongly(lab, exchange, name, strayed)


def _delivered(lab: Lab, exchange: str, queue: str, letter: Letter, times: int) -> None:
    if (queue in letter.queues) == bool(times):
        return
    if times:
        raise _wrongly(lab, exchange, queue, letter)
    raise Mistake(
        f"A message with {letter} did not reach the queue {queue}.",
        seen=f"{queue} is bound to {exchange} with: {_told(lab, queue, exchange)}",
        expected=f"that {exchange} puts it on {' and '.join(letter.queues)}",
        why="What fits no binding is dropped, and the publisher is not told unless it asks (mandatory=True)."
        + _hint(lab, queue, exchange),
    )


def _wrongly(lab: Lab, exchange: str, queue: str, letter: Letter) -> Mistake:
    return Mistake(
        f"A message with {letter} reached the queue {queue}, and should not.",
        seen=f"{queue} is bound to {exchange} with: {_told(lab, queue, exchange)}",
        expected=f"that {exchange} puts it on {' and '.join(letter.queues) or 'no queue: it is unroutable'}",
        why="The consumer of that queue gets work that is not its own." + _hint(lab, queue, exchange),
    )


def _unbound(lab: Lab, queue: str, exchange: str) -> Mistake:
    return Mistake(
        f"The queue {queue} is not bound to the exchange {exchange}.",
        seen=f"{queue} has {len(_bindings(lab, queue))} bindings, and none to {exchange}; without one it is reached by "
        "the default exchange only",
        expected=f"queue_bind('{queue}', '{exchange}', ...)",
        why="An exchange keeps nothing. It finds queues by their bindings, and drops what fits none.",
    )


def _hint(lab: Lab, queue: str, exchange: str) -> str:
    """Return one more sentence where the bindings tell what was confused."""
    keys = [str(each.method.routing_key) for each in _bindings(lab, queue, exchange)]
    if exchange == "events":
        return " A star stands for exactly one word, # for any number of words, none too."
    if exchange == "logs" and queue in keys:
        return " The binding's key is what the message carries, not the queue's name."
    if exchange == "logs" and any("#" in key or "*" in key for key in keys):
        return " A direct exchange knows no wildcards."
    if exchange == "documents":
        return " x-match says whether all headers have to be there, or any; without it, all."
    return ""


def _told(lab: Lab, queue: str, exchange: str) -> str:
    found = _bindings(lab, queue, exchange)
    if exchange == "documents":
        told = [[f"{name} = {value}" for name, value in (each.method.arguments or {}).items()] for each in found]
        return "; ".join(", ".join(one) or "(no headers)" for one in told)
    return ", ".join(str(each.method.routing_key) or "(no key)" for each in found)


def _bindings(lab: Lab, queue: str, exchange: str | None = None) -> list[Seen]:
    bound = [each for each in lab.tap.methods("Queue.Bind") if each.method.queue == queue]
    return [each for each in bound if exchange in (None, each.method.exchange)]
