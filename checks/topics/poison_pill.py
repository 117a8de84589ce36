"""03 The poison pill: a consumer that ends on HALT, in good order: all work before it done, nothing behind it taken."""

from checks import expect, stages
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, chapter 6"
QUEUE = "jobs"
HALT = "HALT"


@step()
def it_works_until_halt_and_ends(lab: Lab) -> None:
    """It waits for work, does it, and ends when HALT comes."""
    words = lab.words(2)
    lab.declare(QUEUE)
    script = lab.start()
    stages.waits(lab, script)
    expect.consumes(lab, script, QUEUE)
    expect.stays(lab, script)
    lab.publish(QUEUE, *words, HALT)
    expect.settles(lab, script, lambda: script.ended or _halt_is_worked_on(lab))
    _halt_is_no_work(lab, script)
    expect.worked(lab, script, words, 1)
    expect.ends(lab, script, 2, "HALT")


@step(it_works_until_halt_and_ends)
def halt_is_gone_and_the_rest_stays(lab: Lab) -> None:
    """HALT is acknowledged, and what stands behind it stays on the queue."""
    before, *behind = lab.words(3)
    script = _halted(lab, before, HALT, *behind)
    expect.acknowledged(lab, script, QUEUE, [before], 1)
    begun = {noted.message for noted in lab.journal()}
    lab.until(lambda: lab.waiting(QUEUE) >= len(behind), 2)
    waiting = lab.take(QUEUE)
    if waiting == behind and not begun & set(behind):
        return
    raise Mistake(
        _what_is_wrong(begun, waiting, behind),
        seen=f"work was begun on {' '.join(sorted(begun))}; on {QUEUE} afterwards: {expect.shown(waiting)}",
        expected=f"work on {before} only; on {QUEUE} afterwards: {expect.shown(behind)}",
        why="A pill that stays ends the next consumer before it has done anything. "
        "What stands behind it is for that next consumer.",
    )


@step(it_works_until_halt_and_ends)
def each_job_is_acknowledged_after_its_work(lab: Lab) -> None:
    """Each job is acknowledged after its work, and the connection is closed at the end."""
    words = lab.words(2)
    script = _halted(lab, *words, HALT)
    expect.acknowledged(lab, script, QUEUE, words, 1)
    expect.acknowledged_after_work(lab, QUEUE, words)
    expect.closes(lab, script)


def _halted(lab: Lab, *messages: str) -> Script:
    lab.declare(QUEUE)
    lab.publish(QUEUE, *messages)
    script = lab.start()
    expect.connects(lab, script)
    expect.settles(lab, script, lambda: script.ended)
    expect.ends(lab, script, 2, "HALT")
    return script


def _halt_is_worked_on(lab: Lab) -> bool:
    return any(noted.message in (HALT, str(HALT.encode())) for noted in lab.journal())


def _halt_is_no_work(lab: Lab, script: Script) -> None:
    worked = _halt_is_worked_on(lab)
    if worked and stages.compares_bytes(lab):
        raise Mistake(
            "HALT was not recognised: bytes were compared with text.",
            seen="work('HALT') was called; the script compares the body as pika delivers it with a text",
            expected="body.decode() == 'HALT', or body == b'HALT'",
            why="In Python, b'HALT' == 'HALT' is false, without any error. The consumer never ends.",
            read="README.md, Bytes are not text",
        )
    if worked or HALT in script.output:
        raise Mistake(
            f"HALT was {'worked on' if worked else 'printed'} as if it were a job.",
            seen="work('HALT') was called" if worked else f"the output: {expect.shown(script.output)}",
            expected="no work on HALT: it is a message to the consumer itself, and means: come to an end",
            why="Nobody wants a bill for a customer named HALT. And a consumer that does not know its pill never ends.",
        )


def _what_is_wrong(begun: set[str], waiting: list[str], behind: list[str]) -> str:
    if begun & set(behind):
        return "The work went on behind HALT."
    if HALT in waiting:
        return "HALT was not acknowledged: it is back on the queue."
    if len(waiting) < len(behind):
        return "What stood behind HALT is gone from the queue, and nobody has done it."
    return "What stands behind HALT is not as it was."
