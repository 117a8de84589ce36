"""01 A first message: a producer whose arguments become messages that outlive it, and the broker."""

from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake

FILE = "producer.py"
READ = "README.md, chapter 3"
QUEUE = "greetings"


@step()
def each_argument_is_a_message(lab: Lab) -> None:
    """Each argument becomes one message, in order."""
    words = lab.words(3)
    _published(lab, *words)
    waiting = lab.take(QUEUE)
    if waiting == words:
        return
    raise Mistake(
        _what_is_wrong(waiting, words),
        seen=f"on {QUEUE}: {expect.shown(waiting)}",
        expected=f"on {QUEUE}: {expect.shown(words)}",
        why="A message is the unit that a consumer gets, works on and acknowledges: one piece of work each.",
    )


@step(each_argument_is_a_message)
def it_outlives_the_broker(lab: Lab) -> None:
    """The queue is durable, and the messages are persistent."""
    _published(lab, *lab.words(2))
    for declared in lab.tap.methods("Queue.Declare"):
        if not declared.method.durable and not declared.method.passive:
            raise Mistake(
                f"The queue {declared.method.queue} is not durable.",
                seen="it was declared with durable=False",
                expected="durable=True",
                why="When the broker restarts, a queue that is not durable is gone, with all its messages.",
            )
    for one in lab.publications():
        if one.properties.delivery_mode != 2:
            raise Mistake(
                f"The message {one.message!r} is not persistent.",
                seen=f"its delivery_mode is {one.properties.delivery_mode}",
                expected="delivery_mode=2",
                why="A message that is not persistent is kept in memory only. When the broker restarts, it is lost.",
            )


@step(each_argument_is_a_message)
def it_closes_its_connection(lab: Lab) -> None:
    """The connection is closed before the producer ends."""
    _published(lab, *lab.words(1))
    if not lab.until(lambda: lab.tap.methods("Connection.Close"), 2):
        raise Mistake(
            "The connection was not closed.",
            seen="the producer ended without a farewell to the broker",
            expected="mq.close(), or a with statement",
            why="The broker writes a warning for each lost connection, and cannot tell your end from a crash.",
        )


def _published(lab: Lab, *words: str) -> None:
    script = lab.start(*words)
    expect.connects(lab, script)
    expect.ends(lab, script)


def _what_is_wrong(waiting: list[str], words: list[str]) -> str:
    if not waiting:
        return f"No message is on the queue {QUEUE}."
    if waiting == [" ".join(words)]:
        return "All arguments became one message."
    if sorted(waiting) == sorted(words):
        return "The messages are not in the order of the arguments."
    if waiting == words[:1]:
        return "Only the first argument was published."
    if len(waiting) > len(words) and set(waiting) == set(words):
        return "A message was published more than once."
    return "The messages are not the arguments."
