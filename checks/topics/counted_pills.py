"""06 Counted pills: only the last ToUpper passes the pills on, one for each Printer, and every stage ends."""

from brokers.tap import Seen
from brokers.traffic import Delivery, Publication
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "workflow.py"
READ = "README.md, chapter 9"
INPUT, OUTPUT = "my_queue", "upper"
HALT = "HALT"

SLEEPERS = 1.3
"""In seconds: how long no pill may come while one ToUpper is still there and has nothing to do."""


@step(seconds=60)
def the_last_one_passes_the_pills_on(lab: Lab) -> None:
    """With 2 ToUppers and 3 Printers, all work is done, then all end; nothing is left."""
    words = lab.words(4)
    script = _started(lab, 2, 3)
    lab.publish(INPUT, *words[:3], HALT)
    lab.until(lambda: script.ended or _passed(lab) or (_taken(lab, INPUT) and _all_settled(lab, words[:3])))
    lab.until(lambda: script.ended or _passed(lab), SLEEPERS)  # one ToUpper is left, idle: no pill may come
    lab.publish(INPUT, words[3], HALT)
    _judge(lab, script, words, 2, 3)


@step(the_last_one_passes_the_pills_on, seconds=60)
def other_numbers_hold_too(lab: Lab) -> None:
    """With 3 ToUppers and 2 Printers, too."""
    words = lab.words(4)
    script = _started(lab, 3, 2)
    lab.publish(INPUT, *words, *[HALT] * 3)
    _judge(lab, script, words, 3, 2)


def _started(lab: Lab, uppers: int, printers: int) -> Script:
    """Start the work flow, and wait until each stage consumes, with a connection and a limit of its own."""
    lab.declare(INPUT, OUTPUT)
    script = lab.start(str(uppers), str(printers))
    expect.connects(lab, script)
    _gathered(lab, script, uppers + printers)
    expect.no_error(script)
    _separate(lab, uppers + printers)
    expect.consumes(lab, script, INPUT, 1)
    for queue, stage, count in ((INPUT, "ToUppers", uppers), (OUTPUT, "Printers", printers)):
        found = len(_consuming(lab, queue))
        if found != count:
            raise Mistake(
                f"There are {found} {stage}, and not {count} as the command line says.",
                seen=f"consumers on {queue}: {found}",
                expected=f"{count}: python {FILE} {uppers} {printers} means {uppers} ToUppers and {printers} Printers",
                why="Work flows grow and shrink. A number in the code is right on one day only.",
            )
    _limited(lab)
    lab.until(lambda: lab.consumers(INPUT) == uppers and lab.consumers(OUTPUT) == printers, 5)
    return script


def _gathered(lab: Lab, script: Script, stages: int) -> None:
    """Wait until so many stages consume, for as long as anything moves on the line."""
    passed = -1
    while passed < len(lab.tap.seen) and len(lab.tap.methods("Basic.Consume")) < stages and not script.ended:
        passed = len(lab.tap.seen)
        lab.until(lambda passed=passed: script.ended or len(lab.tap.seen) > passed, 5)  # type: ignore[misc]


def _separate(lab: Lab, stages: int) -> None:
    connections = [each.connection for each in lab.tap.methods("Basic.Consume")]
    if lab.tap.connections == 1 or len(set(connections)) < len(connections):
        raise Mistake(
            "Several stages share one connection.",
            seen=f"{stages} stages, {len(connections)} consumers, connections: {lab.tap.connections}",
            expected="a connection of its own for each stage, opened in the thread that uses it, or before that starts",
            why="A connection is for one thread. Two threads on one mix up their bytes, and messages get lost.",
            read="README.md, chapter 7",
        )


def _limited(lab: Lab) -> None:
    for each in lab.tap.methods("Basic.Consume"):
        limits = [one.method.prefetch_count for one in lab.tap.methods("Basic.Qos") if _place(one) == _place(each)]
        if limits[-1:] != [1]:
            raise Mistake(
                "A stage has no prefetch limit of 1.",
                seen=f"on {each.method.queue}: {f'prefetch_count={limits[-1]}' if limits else 'no basic_qos'}",
                expected="basic_qos(prefetch_count=1) before basic_consume, as Consumer and Worker have it",
                why="Without it one stage hoards the messages, pills too, while the others have nothing to do.",
                read="README.md, chapter 8",
            )


def _judge(lab: Lab, script: Script, words: list[str], uppers: int, printers: int) -> None:
    """Wait for the end, and raise a Mistake for the first cause that kept it from being a good one."""
    lab.until(lambda: script.ended or _astray(lab, words, printers), 9)
    expect.no_auto_ack(lab.deliveries())
    _not_worked_on(lab)
    _not_too_early(lab, words)
    _confirmed_first(lab)
    expect.no_error(script)
    expect.worked(lab, script, words, 2)
    _passed_on_once_each(lab, script, printers)
    _all_taken(lab, script, printers)
    _pills_acknowledged(lab, uppers, printers)
    expect.acknowledged(lab, script, INPUT, words, 2)
    expect.ends(lab, script, 5, "all HALTs")
    expect.worked(lab, script, [word.upper() for word in words], 1)
    expect.acknowledged(lab, script, OUTPUT, [word.upper() for word in words], 1)
    _nothing_left(lab)


def _astray(lab: Lab, words: list[str], printers: int) -> bool:
    """Return whether it is clear already that it is wrong, so that nobody has to wait for the end."""
    early = any(pill.at < _latest(lab, words) for pill in _passed(lab))
    return early or HALT in {noted.message for noted in lab.journal()} or len(_passed(lab)) > printers


def _not_worked_on(lab: Lab) -> None:
    if HALT in {noted.message for noted in lab.journal()}:
        raise Mistake(
            "HALT was taken for work.",
            seen="work('HALT') was called",
            expected="that a stage compares the message with HALT first. (With pika alone the message is bytes, and "
            "b'HALT' == 'HALT' is false.)",
            why="A pill that nobody knows as such ends nobody, and its letters get into the results.",
            read="README.md, Troubleshooting, Bytes are not text",
        )


def _not_too_early(lab: Lab, words: list[str]) -> None:
    late = _latest(lab, words)
    for pill in _passed(lab):
        if pill.at < late:
            taken = len([one for one in _taken(lab, INPUT) if one.at < pill.at])
            raise Mistake(
                "HALT was passed on while another ToUpper was still there.",
                seen=f"a HALT came to {OUTPUT} when of the HALTs on {INPUT} {taken} had been taken, "
                f"and {_unfinished(lab, words, pill.at)} of {len(words)} words were not done",
                expected=f"no HALT on {OUTPUT} before the last ToUpper has halted",
                why="The pills overtake what the other one still writes. The Printers end, and its words are left.",
            )


def _confirmed_first(lab: Lab) -> None:
    """Raise a Mistake if an input was settled before the broker had confirmed its output."""
    outputs = {one.message: one for one in lab.publications(OUTPUT)}
    for one in lab.deliveries(INPUT):
        output = outputs.get(one.message.upper())
        if one.message == HALT or one.how != "ack" or one.settled is None:
            continue
        if output is None or one.settled < (output.confirmed or float("inf")):
            raise Mistake(
                "A word was acknowledged before its output was confirmed.",
                seen=f"the ack for {one.message!r} was sent {'before' if output else 'without'} the broker's confirm "
                f"for {one.message.upper()!r}",
                expected="publish on a channel with confirm_delivery(), as rabbit.py does, and then the ack",
                why="If ToUpper crashes in between, the input is forgotten and the output was never kept.",
                read="README.md, chapter 7",
            )


def _passed_on_once_each(lab: Lab, script: Script, printers: int) -> None:
    count = len(_passed(lab))
    if count == printers:
        return
    told = f"{count} HALTs were" if count > 1 else "One HALT was"
    raise Mistake(
        f"{told} passed on for {printers} Printers." if count else "No HALT was passed on to the Printers.",
        seen=f"HALTs published to {OUTPUT}: {count}; the script {'ended' if script.ended else 'still runs'}",
        expected=f"{printers}, one for each Printer",
        why="A pill too many ends a stage of the next run before it does anything."
        if count > printers
        else "A pill ends one Printer and is gone. Who gets none waits for ever.",
    )


def _all_taken(lab: Lab, script: Script, printers: int) -> None:
    pills = _taken(lab, OUTPUT)
    taken = len({(one.connection, one.channel) for one in pills})
    acked = len([one for one in pills if one.how == "ack"])
    cut = len(lab.tap.methods("Connection.Close")) < lab.tap.connections and acked < len(pills)
    if script.ended and (taken < printers or cut):
        raise Mistake(
            "The script ended before all Printers had halted.",
            seen=f"{acked} of {printers} Printers acknowledged HALT; messages left on {OUTPUT}: {lab.waiting(OUTPUT)}",
            expected="that the script waits for all stages: each ends by its own HALT",
            why="A thread that is cut off does not finish its work. What it had in hand is done twice, or half.",
        )


def _pills_acknowledged(lab: Lab, uppers: int, printers: int) -> None:
    for queue, stages in ((INPUT, uppers), (OUTPUT, printers)):
        acked = len([one for one in _taken(lab, queue) if one.how == "ack"])
        if acked < stages:
            raise Mistake(
                "HALT was not acknowledged.",
                seen=f"of {stages} HALTs on {queue}, {acked} {'was' if acked == 1 else 'were'} acknowledged",
                expected="an ack for HALT too, after it was passed on",
                why="It goes back to the queue, and ends a stage of the next run before it does anything.",
                read="README.md, chapter 6",
            )


def _nothing_left(lab: Lab) -> None:
    for queue in (INPUT, OUTPUT):
        left = lab.take(queue)
        if left:
            raise Mistake(
                f"Messages are left on {queue}.",
                seen=f"on {queue}: {expect.shown(left)}",
                expected="empty queues when all have ended",
                why="What is left meets the next run.",
            )


def _passed(lab: Lab) -> list[Publication]:
    return [one for one in lab.publications(OUTPUT) if one.message == HALT]


def _taken(lab: Lab, queue: str) -> list[Delivery]:
    """Return the HALTs that a stage took; one that comes to a stage which has just halted goes back to the queue."""
    return [one for one in lab.deliveries(queue) if one.message == HALT and not one.requeued]


def _all_settled(lab: Lab, words: list[str]) -> bool:
    return set(words) <= {one.message for one in lab.deliveries(INPUT) if one.settled and not one.requeued}


def _latest(lab: Lab, words: list[str]) -> float:
    """Return when the last of the words was settled; never, where one is not."""
    settled = {one.message: one.settled for one in lab.deliveries(INPUT) if one.settled and not one.requeued}
    return max(settled.get(word, float("inf")) for word in words)


def _unfinished(lab: Lab, words: list[str], at: float) -> int:
    done = {one.message for one in lab.deliveries(INPUT) if one.settled and one.settled < at}
    return len([word for word in words if word not in done])


def _consuming(lab: Lab, queue: str) -> list[Seen]:
    return [each for each in lab.tap.methods("Basic.Consume") if each.method.queue == queue]


def _place(seen: Seen) -> tuple[int, int]:
    return seen.connection, seen.channel
