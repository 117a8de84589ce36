"""04 A third stage: a work flow of three, through which each word and the poison pill go from end to end."""

from checks import expect, stages
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "workflow.py"
READ = "README.md, chapter 7"
CHAIN = ("my_queue", "upper", "loud")
HALT = "HALT"


@step()
def each_word_goes_through_three_stages(lab: Lab) -> None:
    """Each word goes through all three stages, and is printed at the end."""
    words = lab.words(3)
    script = _run(lab, *words)
    stages.waits(lab, script)
    expect.settles(lab, script, lambda: _printed(script, words) or stages.troubled(script))
    stages.alone(lab, script, CHAIN)
    stages.all_alive(script)
    lab.until(lambda: _read(lab) >= set(CHAIN) or script.ended, 3)  # a thread may begin late on a busy machine
    if _read(lab) >= set(CHAIN):
        expect.keeps_running(lab, script, 0)
    _goes_through(lab, script, words)
    expect.prints(lab, script, [_loud(word) for word in words], 1)
    expect.no_auto_ack(lab.deliveries())
    expect.stays(lab, script, 1)
    _each_for_itself(lab, script)


@step(each_word_goes_through_three_stages)
def halt_ends_all_three(lab: Lab) -> None:
    """HALT is passed on, and ends all three stages when the work before it is done."""
    *words, behind = lab.words(3)
    script = _run(lab, *words, HALT, behind)
    expect.settles(lab, script, lambda: script.ended or stages.troubled(script))
    _halt_is_no_word(lab, script)
    _halt_is_passed_on(lab)
    stages.alone(lab, script, CHAIN)
    expect.ends(lab, script, 2, "HALT")
    expect.prints(lab, script, [_loud(word) for word in words], 1)
    _halt_is_gone(lab, behind)
    expect.closes(lab, script)


@step(each_word_goes_through_three_stages)
def nothing_can_be_lost_between_the_stages(lab: Lab) -> None:
    """A stage holds one message, and acknowledges it when what it wrote is confirmed."""
    words = lab.words(4)
    script = _run(lab, *words)
    expect.settles(lab, script, lambda: _printed(script, words))
    stages.confirmed_before_ack(lab, "my_queue", "upper", {word: word.upper() for word in words})
    stages.confirmed_before_ack(lab, "upper", "loud", {word.upper(): _loud(word) for word in words})
    expect.acknowledged(lab, script, "my_queue", words, 3)
    expect.acknowledged(lab, script, "upper", [word.upper() for word in words], 3)
    expect.acknowledged(lab, script, "loud", [_loud(word) for word in words], 3)
    stages.one_at_a_time(lab, *CHAIN)


def _run(lab: Lab, *messages: str) -> Script:
    lab.declare("my_queue")
    lab.publish("my_queue", *messages)
    script = lab.start()
    expect.connects(lab, script)
    return script


def _loud(word: str) -> str:
    return word.upper() + "!"


def _printed(script: Script, words: list[str]) -> bool:
    return {_loud(word) for word in words} <= set(script.output)


def _read(lab: Lab) -> set[str]:
    """Return the queues from which a stage has begun to read."""
    return {each.method.queue for each in lab.tap.methods("Basic.Consume")}


def _goes_through(lab: Lab, script: Script, words: list[str]) -> None:
    wrote = {queue: [one.message for one in lab.publications(queue)] for queue in CHAIN[1:]}
    reads = _read(lab)
    upper, loud = [word.upper() for word in words], [_loud(word) for word in words]
    if wrote["upper"] == upper and wrote["loud"] == loud and set(CHAIN) <= reads:
        return
    raise Mistake(
        _what_is_wrong(wrote, reads, upper, _printed(script, words)),
        seen=f"written to upper: {expect.shown(wrote['upper'])}; to loud: {expect.shown(wrote['loud'])}; "
        f"stages read from: {', '.join(sorted(reads)) or 'no queue'}; output: {expect.shown(script.output)}",
        expected=f"to upper: {expect.shown(upper)}; to loud: {expect.shown(loud)}; one stage reads each queue",
        why="A stage knows its two queues and nothing else. That is why one can be put between two others, "
        "exchanged, or started twice.",
    )


def _what_is_wrong(wrote: dict[str, list[str]], reads: set[str], upper: list[str], printed: bool) -> str:
    unwritten = not wrote["loud"]
    told = [
        ("my_queue" not in reads, "No stage reads from the queue my_queue."),
        ("upper" not in reads and not unwritten, "No stage reads from the queue upper."),
        (not wrote["upper"], "No stage writes to the queue upper."),
        (wrote["upper"] != upper, "ToUpper does not write the words in upper case, once each and as they came."),
        (unwritten and printed, "The lines were printed without going through the queue loud."),
        (unwritten and "loud" not in reads, "There is no third stage: nobody writes to the queue loud."),
        ("upper" not in reads, "No stage reads from the queue upper."),
        (unwritten, "The stage in the middle writes nothing to the queue loud."),
        ("loud" not in reads, "No stage reads from the queue loud."),
        (True, "Exclaim does not write each message with one '!', once each and as they came."),
    ]
    return next(headline for wrong, headline in told if wrong)


def _each_for_itself(lab: Lab, script: Script) -> None:
    """Raise a Mistake unless a stage works on whatever stands on its queue."""
    second, third = lab.words(2)
    lab.publish("upper", second)
    lab.publish("loud", third)
    wanted = {second + "!", third}
    expect.settles(lab, script, lambda: wanted <= set(script.output))
    if not wanted <= set(script.output):
        raise Mistake(
            "A stage does not work on what others put on its queue.",
            seen=f"its last lines: {expect.shown(script.output, 4)}",
            expected=f"for {second} on upper, and {third} on loud, the lines {second}! and {third}",
            why="A queue is open to all. A stage does its own work, whoever wrote the message.",
        )


def _halt_is_no_word(lab: Lab, script: Script) -> None:
    changed = [one.message for one in lab.publications() if HALT in one.message and one.message != HALT]
    printed = [line for line in script.output if line in (HALT, HALT + "!")]
    if not changed and not printed:
        return
    if stages.compares_bytes(lab):
        headline = "HALT was not recognised: bytes were compared with text."
    elif changed:
        headline = f"HALT was worked on as if it were a word: it became {changed[0]!r}."
    else:
        headline = "HALT was printed as if it were a word."
    raise Mistake(
        headline,
        seen=f"written: {' '.join(one.message for one in lab.publications())}; output: {expect.shown(script.output)}",
        expected="HALT passed on as it is, by each stage but the last, and never printed",
        why="The next stage does not know a pill that was worked on, and never ends.",
    )


def _halt_is_passed_on(lab: Lab) -> None:
    for stage, queue in (("ToUpper", "upper"), ("Exclaim", "loud")):
        wrote = [one.message for one in lab.publications(queue)]
        if HALT not in wrote:
            raise Mistake(
                f"The stage {stage} did not pass HALT on to the queue {queue}.",
                seen=f"written to {queue}: {expect.shown(wrote)}",
                expected=f"the words, and behind them {HALT}, on {queue}",
                why="One HALT comes in, and each stage can take it off its own queue only. "
                "The stages behind one that keeps it wait for ever.",
            )


def _halt_is_gone(lab: Lab, behind: str) -> None:
    lab.until(lambda: lab.waiting("my_queue"), 2)
    left = {queue: lab.take(queue) for queue in CHAIN}
    if left == {"my_queue": [behind], "upper": [], "loud": []}:
        return
    seen = "; ".join(f"on {queue}: {expect.shown(messages)}" for queue, messages in left.items())
    headline = "What the stages left on the queues is not what stood behind HALT."
    if any(HALT in messages for messages in left.values()):
        queue = next(queue for queue, messages in left.items() if HALT in messages)
        headline = f"HALT is still on the queue {queue} after the end."
    elif not left["my_queue"]:
        headline = "What stood behind HALT was taken from the queue."
    raise Mistake(
        headline,
        seen=seen,
        expected=f"on my_queue: {behind}; on upper and loud: nothing",
        why="A pill that is left ends the next work flow before it does anything; a word that is gone was never done.",
    )
