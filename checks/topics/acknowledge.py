"""02 Acknowledge: a consumer that is killed in the middle of its work loses nothing, and repeats nothing else."""

from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake

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
    expect.consumes(lab, script, QUEUE)
    expect.worked(lab, script, words)
    expect.keeps_running(lab, script)


@step(the_work_is_done)
def each_message_is_acknowledged_after_its_work(lab: Lab) -> None:
    """Each message is acknowledged, when its work is done."""
    words = lab.words(3)
    lab.declare(QUEUE)
    lab.publish(QUEUE, *words)
    script = lab.start()
    expect.worked(lab, script, words[:1])
    expect.acknowledged(lab, script, QUEUE, words[:1], 3)
    expect.acknowledged_after_work(lab, QUEUE, words[:1])
    expect.worked(lab, script, words)
    expect.acknowledged(lab, script, QUEUE, words, 3)
    expect.acknowledged_after_work(lab, QUEUE, words)


@step(each_message_is_acknowledged_after_its_work)
def what_a_killed_consumer_had_comes_again(lab: Lab) -> None:
    """The message in a killed consumer's hand is delivered again, and only that."""
    words = lab.words(3)
    lab.declare(QUEUE)
    lab.publish(QUEUE, *words)
    script = lab.start()
    lab.until(lambda: any(noted.message == words[1] for noted in lab.journal()))
    lab.kill(script)
    again = lab.start()
    expect.worked(lab, again, words)
    begun = [noted.message for noted in lab.journal() if noted.what == "begin"]
    if begun != [words[0], words[1], words[1], words[2]]:
        raise Mistake(
            "After the kill, other messages were worked on than the one in hand and those that waited.",
            seen=f"work was begun on: {' '.join(begun)}",
            expected=f"{words[0]} {words[1]} (killed) {words[1]} {words[2]}",
            why="What is done twice costs twice; what is not done again is lost.",
        )
