"""11 Confirms: a producer that publishes until each message is confirmed, also when the broker is killed meanwhile."""

import time
from collections.abc import Iterable

from brokers.tap import Seen
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "producer.py"
READ = "README.md, chapter 3"
QUEUE = "readings"

AGAIN = "each message is published again, with the same message_id, until its confirm has come"


@step(seconds=60)
def each_message_is_confirmed(lab: Lab) -> None:
    """Each message is persistent, has a message_id, and is confirmed by the broker."""
    word = lab.words(1)[0]
    script = lab.start(word, "20")
    expect.connects(lab, script)
    expect.ends(lab, script, 20)
    _all_there(lab, _texts(word, 20))
    _kept(lab)
    _confirmed(lab)
    _told_apart(lab)


@step(each_message_is_confirmed, seconds=60)
def what_was_not_confirmed_is_published_again(lab: Lab) -> None:
    """When the connection is lost, what was not confirmed is published again."""
    for count in (200, 2000):  # the second one for a producer that is faster than the eye
        word = lab.words(1)[0]
        script = lab.start(word, str(count))
        expect.connects(lab, script)
        _begun(lab, script, word, 10)
        lab.tap.hold()
        lab.rest(0.3)
        late = script.ended
        lab.tap.cut()
        lab.story.append("lost what it published from then on, and cut the connection")
        _ended(lab, script, 8)
        _all_there(lab, _texts(word, count))
        _told_apart(lab)
        if not late:
            return


@step(what_was_not_confirmed_is_published_again, own_broker=True, seconds=180)
def nothing_is_lost_when_the_broker_is_killed(lab: Lab) -> None:
    """When the broker is killed and runs again, all messages are there."""
    word, count = lab.words(1)[0], 300
    lab.declare(QUEUE)
    lab.broker.store()
    script = lab.start(word, str(count))
    expect.connects(lab, script)
    _begun(lab, script, word, 30)
    lab.kill_broker()
    lab.run_broker()
    _ended(lab, script, 30)
    _all_there(lab, _texts(word, count))
    _told_apart(lab)


def _texts(word: str, count: int) -> list[str]:
    return [f"{word} {number}" for number in range(1, count + 1)]


def _published(lab: Lab) -> list[Seen]:
    return [each for each in lab.tap.methods("Basic.Publish") if each.method.routing_key == QUEUE]


def _begun(lab: Lab, script: Script, word: str, count: int) -> None:
    """Wait until so many messages were published, and look often."""
    deadline = time.monotonic() + 10
    while not script.ended and time.monotonic() < deadline:
        if sum(each.text.startswith(word) for each in _published(lab)) >= count:
            return
        time.sleep(0.002)


def _ended(lab: Lab, script: Script, quiet: float) -> None:
    """Wait until it has ended, or nothing has passed for `quiet` seconds."""
    begun = time.monotonic()
    lab.until(lambda: script.ended or time.monotonic() > max(begun, lab.tap.seen[-1].at) + quiet, 60)
    if script.ended and script.status != 0:
        script.read()
        expect.within_limits(script)
        raise Mistake(
            "The producer gave up when the connection was lost.",
            seen=f"it ended with an error: {expect.shown([line for line in script.errors if line.strip()], 1)}",
            expected=f"a new connection, tried for as long as it takes; {AGAIN}",
            why="A broker that restarts is away for some seconds. All that was still to be published is lost.",
        )
    expect.ends(lab, script, 0, "the connection was lost")


def _waiting(lab: Lab) -> set[str]:
    """Return the messages on the queue, and remove them."""
    if not lab.exists(QUEUE):
        return set()
    found = (lab.channel.basic_get(QUEUE, auto_ack=True) for _ in range(lab.waiting(QUEUE)))
    return {(body or b"").decode(errors="replace") for _, _, body in found}


def _all_there(lab: Lab, texts: list[str]) -> None:
    waiting = _waiting(lab)
    missing = [text for text in texts if text not in waiting]
    if not missing:
        return
    times = sum(each.text == missing[0] for each in _published(lab))
    if len(missing) == len(texts):
        headline = f"No message is on the queue {QUEUE}."
    elif not times:
        headline = "A message was never published."
    elif not lab.tap.methods("Confirm.Select"):
        headline = "Publisher confirms are not turned on, and a message is lost."
    else:
        headline = "A message whose confirm never came was not published again."
    raise Mistake(
        headline,
        seen=f"{len(missing)} of {len(texts)} are not on {QUEUE}, the first is {missing[0]!r}: published {times} times",
        expected=AGAIN,
        why="A message that was sent is not yet a message that the broker has. Only the confirm says so.",
    )


def _kept(lab: Lab) -> None:
    for declared in lab.tap.methods("Queue.Declare"):
        if not declared.method.durable and not declared.method.passive:
            raise Mistake(
                f"The queue {declared.method.queue} is not durable.",
                seen="it was declared with durable=False",
                expected="durable=True",
                why="When the broker restarts, a queue that is not durable is gone, with all that was confirmed.",
            )
    _each(
        lab, (each for each in _published(lab) if each.properties.delivery_mode != 2), "is not persistent",
        "delivery_mode=2", "A message that is not persistent is confirmed when it is in memory, and lost at the kill.",
    )  # fmt: skip


def _confirmed(lab: Lab) -> None:
    if not lab.tap.methods("Confirm.Select"):
        raise Mistake(
            "Publisher confirms are not turned on.",
            seen=f"{len(_published(lab))} messages were published, and none was confirmed",
            expected="channel.confirm_delivery(): then basic_publish returns when the broker has the message",
            why="Without confirms, basic_publish returns when the bytes are in this machine's buffer. If the broker is "
            "killed then, the producer ends without an error, and the messages are lost.",
        )
    _each(
        lab, (each for each in _published(lab) if not each.method.mandatory), "is not mandatory", "mandatory=True",
        "Where its queue is missing, the broker confirms such a message and drops it.",
    )  # fmt: skip


def _each(lab: Lab, bad: Iterable[Seen], what: str, expected: str, why: str) -> None:
    for each in bad:
        headline = f"The message {each.text!r} {what}."
        raise Mistake(headline, seen=f"it was published without {expected}", expected=expected, why=why)


def _told_apart(lab: Lab) -> None:
    """Raise a Mistake unless repetitions can be told from other messages, by the message_id."""
    _each(
        lab, (each for each in _published(lab) if not each.properties.message_id), "has no message_id",
        "message_id=str(uuid.uuid4())", "Without it nobody can tell a repetition from a second message.",
    )  # fmt: skip
    known: dict[str, str] = {}
    for each in _published(lab):
        if known.setdefault(each.properties.message_id, each.text) != each.text:
            raise Mistake(
                "Two messages have the same message_id.",
                seen=f"{known[each.properties.message_id]!r} and {each.text!r} have {each.properties.message_id}",
                expected="one of its own for each message",
                why="A consumer that does each message_id once skips the second one.",
            )
    by_text: dict[str, str] = {}
    for each in _published(lab):
        if by_text.setdefault(each.text, each.properties.message_id) != each.properties.message_id:
            raise Mistake(
                "A message that was published again got another message_id.",
                seen=f"{each.text!r} was published with {by_text[each.text][:9]} and {each.properties.message_id[:9]}",
                expected="the message_id is made once, before the first attempt",
                why="The first one may have arrived. With another message_id nobody can tell that this is the same.",
            )
