"""02 Acknowledge: a consumer that is killed in the middle of its work loses nothing, and repeats nothing else."""

from checks import expect, stages
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, chapters 4 and 5"
QUEUE = "jobs"


@step()
def the_work_is_done(lab: Lab) -> None:
    """The work of each message is done, and it waits for more."""
    words = lab.words(1)
    lab.declare(QUEUE)
    lab.publish(QUEUE, *words)
    script = lab.start()
    stages.waits(lab, script)
    expect.consumes(lab, script, QUEUE)
    expect.settles(lab, script, lambda: any(noted.what == "done" for noted in lab.journal()))
    expect.worked(lab, script, words, 1)
    expect.stays(lab, script)


@step(the_work_is_done)
def each_message_is_acknowledged_after_its_work(lab: Lab) -> None:
    """Each message is acknowledged, when its work is done and before the next one is begun."""
    words = lab.words(3)
    lab.declare(QUEUE)
    lab.publish(QUEUE, *words)
    script = lab.start()
    expect.worked(lab, script, words[:1])
    _answered(lab, script, words[:1])
    expect.worked(lab, script, words)
    _answered(lab, script, words)
    _at_once(lab, words)


@step(each_message_is_acknowledged_after_its_work)
def what_a_killed_consumer_had_comes_again(lab: Lab) -> None:
    """The message in a killed consumer's hand is delivered again, and only that."""
    words = lab.words(3)
    lab.declare(QUEUE)
    lab.publish(QUEUE, *words)
    script = lab.start()
    lab.until(lambda: _begun(lab).count(words[1]) and _acknowledged(lab, words[0]))
    lab.kill(script)
    again = lab.start()
    expect.worked(lab, again, words)
    begun = _begun(lab)
    if begun != [words[0], words[1], words[1], words[2]]:
        raise Mistake(
            "After the kill, other messages were worked on than the one in hand and those that waited.",
            seen=f"work was begun on: {' '.join(begun)}",
            expected=f"{words[0]} {words[1]} (killed) {words[1]} {words[2]}",
            why="What is done twice costs twice; what is not done again is lost.",
        )


def _begun(lab: Lab) -> list[str]:
    return [noted.message for noted in lab.journal() if noted.what == "begin"]


def _acknowledged(lab: Lab, message: str) -> bool:
    return any(one.message == message and one.how == "ack" for one in lab.deliveries(QUEUE))


def _answered(lab: Lab, script: Script, words: list[str]) -> None:
    """Raise a Mistake unless each message was acknowledged, once, after its work."""
    lab.until(lambda: all(one.settled for one in lab.deliveries(QUEUE) if one.message in words) or script.ended, 1)
    _not_given_back(lab)
    expect.acknowledged(lab, script, QUEUE, words, 3)
    expect.acknowledged_after_work(lab, QUEUE, words)


def _not_given_back(lab: Lab) -> None:
    for one in lab.deliveries(QUEUE):
        if one.how in ("nack", "reject"):
            times = sum(each.message == one.message for each in lab.deliveries(QUEUE))
            raise Mistake(
                "A message was given back to the queue although its work was done."
                if one.requeued
                else "A message was thrown away instead of acknowledged.",
                seen=f"{one.message!r} was answered by basic_{one.how} with requeue={one.requeued}; "
                f"it was delivered {times} time{'s' if times > 1 else ''} so far",
                expected="basic_ack, or mq.ack(method)",
                why="What is given back comes again, for ever. What is rejected without requeue counts as failed.",
            )


def _at_once(lab: Lab, words: list[str]) -> None:
    done = {noted.message: noted.at for noted in lab.journal() if noted.what == "done"}
    for one in lab.deliveries(QUEUE):
        at = done.get(one.message, 0)
        later = [word for word in words if one.settled and at < done[word] < one.settled]
        if later:
            raise Mistake(
                "A message was acknowledged late, when other work was done already.",
                seen=f"{one.message!r} was acknowledged when the work on {later[0]!r} was done, too",
                expected="the ack of each message as soon as its work is done",
                why="If the consumer crashes in between, work that was done already comes again, and is done twice.",
            )
