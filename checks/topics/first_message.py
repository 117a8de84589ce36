"""01 A first message: a producer whose arguments become messages that outlive it, and the broker."""

from typing import Any

from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "producer.py"
READ = "README.md, chapter 3"
QUEUE = "greetings"


@step()
def each_argument_is_a_message(lab: Lab) -> None:
    """Each argument becomes one message, in order."""
    words = lab.words(3)
    _published(lab, *words)
    lab.until(lambda: lab.waiting(QUEUE) >= len(words), 1)
    waiting = lab.take(QUEUE)
    if waiting == words:
        return
    raise Mistake(
        _what_is_wrong(lab, waiting, words),
        seen=f"on {QUEUE}: {expect.shown(waiting)}{_elsewhere(lab)}",
        expected=f"on {QUEUE}: {expect.shown(words)}",
        why="A message is the unit that a consumer gets, works on and acknowledges: one piece of work each.",
    )


@step(each_argument_is_a_message)
def it_outlives_the_broker(lab: Lab) -> None:
    """The queue is durable, and the messages are persistent."""
    _published(lab, *lab.words(2))
    for declared in lab.tap.methods("Queue.Declare"):
        _outlasts(declared.method)
    for one in lab.publications():
        if one.properties.delivery_mode != 2:
            raise Mistake(
                "The messages are not persistent.",
                seen=f"the delivery_mode of {one.message!r} is {one.properties.delivery_mode}",
                expected="delivery_mode=2",
                why="A message that is not persistent is kept in memory only. When the broker restarts, it is lost.",
            )


@step(each_argument_is_a_message)
def it_closes_its_connection(lab: Lab) -> None:
    """The connection is closed before the producer ends."""
    expect.closes(lab, _published(lab, *lab.words(1)))


def _published(lab: Lab, *words: str) -> Script:
    script = lab.start(*words)
    expect.connects(lab, script)
    expect.ends(lab, script)
    return script


def _outlasts(declared: Any) -> None:
    """Raise a Mistake if the declared queue goes before its messages are taken."""
    for flag, wanted, when in (
        ("exclusive", False, "when this producer ends"),
        ("auto_delete", False, "when its last consumer ends"),
        ("durable", True, "when the broker restarts"),
    ):
        if not declared.passive and bool(getattr(declared, flag)) != wanted:
            raise Mistake(
                f"The queue {declared.queue} does not last: it was declared with {flag}={not wanted}.",
                seen=f"queue_declare({declared.queue!r}, {flag}={not wanted})",
                expected=f"{flag}={wanted}",
                why=f"Such a queue is gone {when}, with all its messages.",
            )


def _elsewhere(lab: Lab) -> str:
    """Return to which other queues the messages went."""
    others = sorted({one.routing_key for one in lab.publications()} - {QUEUE})
    return f"; published to {', '.join(map(repr, others))}" if others else ""


def _what_is_wrong(lab: Lab, waiting: list[str], words: list[str]) -> str:
    sent = lab.publications()
    told = [
        (not sent, "Nothing was published."),
        (not waiting and bool(_elsewhere(lab)), f"The messages went to another queue than {QUEUE}."),
        (not waiting, f"The messages are not on the queue {QUEUE}."),
        (waiting in ([" ".join(words)], ["".join(words)], [str(words)]), "All arguments became one message."),
        (waiting == words[:1], "Only the first argument was published."),
        (waiting[1:] == words and waiting[0].endswith(FILE), "The script's own name was published as a message."),
        (waiting == [f"b'{word}'" for word in words], "The messages are bytes written as text: b'...'."),
        (sorted(waiting) == sorted(words), "The messages are not in the order of the arguments."),
        (len(waiting) > len(words) and set(waiting) == set(words), "A message was published more than once."),
        (not set(waiting) & set(words), "The messages are not the arguments of this run."),
        (True, "The messages are not the arguments, one by one."),
    ]
    return next(headline for wrong, headline in told if wrong)
