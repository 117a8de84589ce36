"""What the stages of a work flow are expected to do: a connection each, one message at a time, output before ack."""

import ast
from collections.abc import Sequence

from brokers.traffic import Publication
from checks import expect
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script


def waits(lab: Lab, script: Script) -> None:
    """Raise a Mistake if the script fetches messages by basic_get; wait until it does, or consumes, or has ended."""
    expect.connects(lab, script)
    expect.settles(lab, script, lambda: lab.tap.methods("Basic.Consume") or lab.tap.methods("Basic.Get"))
    if lab.tap.methods("Basic.Get"):
        lab.rest(expect.SOON)
        raise Mistake(
            f"{script.name} asks for messages again and again, instead of waiting for them.",
            seen=f"calls of basic_get so far: {len(lab.tap.methods('Basic.Get'))}",
            expected="basic_consume, or mq.register and mq.start: the broker brings each message when it is there",
            why="Who asks often keeps the broker busy for nothing. Who asks seldom leaves messages lying around.",
            read="README.md, chapter 4",
        )


def troubled(script: Script) -> bool:
    """Return whether a thread of the script has died of an error, so that nothing more is to be expected."""
    return any(line.startswith("Traceback") or "is for one thread" in line for line in script.errors)


def alone(lab: Lab, script: Script, chain: Sequence[str]) -> None:
    """Raise a Mistake if two stages use one connection: stage n reads the queue chain[n], and writes chain[n + 1]."""
    if troubled(script):
        lab.rest(expect.SOON)  # until the traceback is there to its last line
    users: dict[int, set[str]] = {}
    for each in lab.tap.methods("Basic.Consume"):
        users.setdefault(each.connection, set()).add(f"the stage that reads {each.method.queue}")
    reading = set(users)
    for one in lab.publications():
        if one.routing_key in chain[1:] and one.connection not in reading:
            queue = chain[chain.index(one.routing_key) - 1]
            users.setdefault(one.connection, set()).update(_consumers(lab, one, queue))
    shared = next((sorted(readers) for readers in users.values() if len(readers) > 1), [])
    said = next((line.strip() for line in script.errors if _mixed_up(line, lab.tap.connections < len(chain))), "")
    if shared or said:
        raise Mistake(
            "Two stages share one connection.",
            seen=said or f"one connection serves {' and '.join(shared)}",
            expected="a connection for each stage, opened for the thread that uses it",
            why="A connection belongs to one thread. Two threads on one connection mix up their bytes, and messages "
            "get lost.",
            read="README.md, Two threads share a connection",
        )


def _mixed_up(line: str, few: bool) -> bool:
    """Return whether this error is what two threads get on one connection; `few` connections make more errors one."""
    sure = ("a connection is for one thread", "pop from an empty deque", "UNEXPECTED_FRAME")
    often = ("StreamLostError", "AssertionError", "ConnectionWrongStateError", "ChannelWrongStateError")
    return any(word in line for word in sure + often * few)


def _consumers(lab: Lab, written: Publication, queue: str) -> set[str]:
    """Return who wrote it: the stage before, or, where the message stayed the same, the very consumer."""
    given = {one.connection for one in lab.deliveries(queue) if one.message == written.message and not one.redelivered}
    of = f" (connection {given.pop()})" if len(given) == 1 else ""
    return {f"the stage that reads {queue}{of}"}


def all_alive(script: Script) -> None:
    """Raise a Mistake if a thread of the script died of an error, while the others may still wait."""
    expect.within_limits(script)
    if script.ended:
        expect.no_error(script)
    errors = [line.strip() for line in script.errors if line.strip()]
    if not script.ended and any(line.startswith("Traceback") for line in errors):
        raise Mistake(
            f"A stage of {script.name} ended with an error.",
            seen=errors[-1],
            expected="no error",
            why="The other stages do not notice. They wait for messages that nobody sends.",
        )


def one_at_a_time(lab: Lab, *queues: str) -> None:
    """Raise a Mistake if a consumer of one of these queues may hold more than one message."""
    for queue in queues:
        for each in lab.tap.methods("Basic.Consume"):
            place = (each.connection, each.channel)
            before = [one for one in lab.tap.methods("Basic.Qos") if one.at < each.at]
            limits = [one.method.prefetch_count for one in before if (one.connection, one.channel) == place]
            prefetch = limits[-1] if limits else 0
            if each.method.queue == queue and prefetch != 1:
                raise Mistake(
                    f"A stage takes more than one message at a time from the queue {queue}.",
                    seen=f"its prefetch is {prefetch}" if prefetch else "it sets no prefetch, so that it has no limit",
                    expected="prefetch 1, as Consumer and Worker of rabbit.py have it",
                    why="A stage hoards what it takes in advance. A second one that is started beside it gets nothing.",
                    read="README.md, chapter 8",
                )


def confirmed_before_ack(lab: Lab, queue: str, output: str, become: dict[str, str]) -> None:
    """Raise a Mistake if an input on `queue` was acknowledged before the message that it becomes was confirmed."""
    for one in lab.deliveries(queue):
        written = next((each for each in lab.publications(output) if each.message == become.get(one.message)), None)
        if written is None or one.settled is None:
            continue
        if written.confirmed is None or one.settled < written.confirmed:
            raise _unconfirmed(one.message, queue, output, one.settled, written)


def _unconfirmed(message: str, queue: str, output: str, settled: float, written: Publication) -> Mistake:
    if settled < written.at:
        headline = "A stage acknowledged its input before it had written its output."
        before = (written.at - settled) * 1000
        seen = f"{message!r} on {queue} was acknowledged {before:.1f} ms before its output was sent"
    else:
        headline = "A stage acknowledged its input before its output was confirmed."
        asked = "the confirm came later" if written.confirmed else "it did not ask the broker for confirms"
        seen = f"{written.message!r} was sent to {output}; {asked}"
    return Mistake(
        headline,
        seen=seen,
        expected="write, wait for the broker's confirm, then acknowledge: as Worker of rabbit.py does it",
        why="If the power fails in between, the input is forgotten and the output was never stored: it is lost.",
        read="README.md, chapter 7",
    )


def compares_bytes(lab: Lab) -> bool:
    """Return whether the script seems to compare the body that plain pika delivers, bytes, with text."""
    try:
        tree = ast.parse((lab.folder / lab.exercise.file).read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, OSError):
        return False
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and len(each.args.args) >= 4]
    bodies = {each.args.args[-1].arg for each in functions} | {"body"}
    attributes = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    compared = [[each.left, *each.comparators] for each in ast.walk(tree) if isinstance(each, ast.Compare)]
    return bool(attributes & {"basic_consume", "consume", "basic_get"}) and any(
        any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides)
        and any(isinstance(side, ast.Name) and side.id in bodies for side in sides)
        for sides in compared
    )
