"""05 Find the bottleneck: as many of the slow stage as keep up with the others, and one of each of the others."""

from checks import expect, stages
from checks.exercise import step
from checks.journal import Noted
from checks.lab import Lab
from checks.mistake import Mistake

FILE = "kitchen.py"
READ = "README.md, chapter 8"
CHAIN = ("my_queue", "peeled", "chopped")
WORK = {"peel": 0.2, "chop": 0.5, "fry": 0.1}
"""The seconds of exercises/work.py."""

NEEDED = {"my_queue": 1, "peeled": 3, "chopped": 1}
"""Consumers: chopping takes 2.5 times as long as peeling."""


@step()
def each_vegetable_is_peeled_chopped_and_fried_once(lab: Lab) -> None:
    """Each vegetable is peeled, chopped and fried, once each."""
    words = lab.words(4)
    lab.declare(*CHAIN)
    lab.publish("my_queue", *words)
    script = lab.start()
    stages.waits(lab, script)
    wanted = [f"{what} {word}" for word in words for what in WORK]
    expect.settles(lab, script, lambda: _done(lab) >= set(wanted) or stages.troubled(script))
    stages.alone(lab, script, CHAIN)
    stages.all_alive(script)
    if script.ended:
        expect.keeps_running(lab, script, 0)
    _once(lab)
    expect.worked(lab, script, wanted, 1)
    _took_its_time(lab)
    _passed_on_when_done(lab)
    expect.acknowledged(lab, script, "chopped", words, 3)
    stages.one_at_a_time(lab, *CHAIN)


@step(each_vegetable_is_peeled_chopped_and_fried_once)
def the_slow_stage_keeps_up(lab: Lab) -> None:
    """The slow stage keeps up with the others, with no more consumers than it takes."""
    words = lab.words(6)
    lab.declare(*CHAIN)
    script = lab.start()
    expect.connects(lab, script)
    expect.settles(lab, script, lambda: _all_there(lab), 6)
    _as_many_as_needed(_consumers(lab))
    lab.publish("peeled", *words)
    expect.worked(lab, script, [f"fry {word}" for word in words], 10)
    _as_many_as_needed(_consumers(lab))
    _at_the_same_time(lab.journal())
    expect.stays(lab, script, 0.3)


def _done(lab: Lab) -> set[str]:
    return {noted.message for noted in lab.journal() if noted.what == "done"}


def _once(lab: Lab) -> None:
    begun = [noted.message for noted in lab.journal() if noted.what == "begin"]
    twice = sorted({what for what in begun if begun.count(what) > 1})
    if twice:
        raise Mistake(
            "A vegetable was worked on twice in the same stage.",
            seen=f"{twice[0]!r} was begun {begun.count(twice[0])} times",
            expected="each vegetable once: the consumers of one queue share its messages",
            why="Consumers that each get a copy do not share the work. They repeat it, and nothing becomes faster.",
        )


def _took_its_time(lab: Lab) -> None:
    begun = {noted.message: noted.at for noted in lab.journal() if noted.what == "begin"}
    for noted in lab.journal():
        needed = WORK.get(noted.message.partition(" ")[0], 0)
        took = noted.at - begun.get(noted.message, noted.at)
        if noted.what == "done" and took < needed * 0.9:
            raise Mistake(
                "The work was cut short.",
                seen=f"{noted.message!r} took {took:.2f} s",
                expected=f"{needed} s, as exercises/work.py has it",
                why="Real work does not become shorter by leaving it out. More hands do it sooner.",
            )


def _passed_on_when_done(lab: Lab) -> None:
    done = {noted.message: noted.at for noted in lab.journal() if noted.what == "done"}
    for what, queue in (("peel", "peeled"), ("chop", "chopped")):
        for one in lab.publications(queue):
            if one.at < done.get(f"{what} {one.message}", 0):
                raise Mistake(
                    "A vegetable was passed on before the work on it was done.",
                    seen=f"{one.message!r} came to {queue} while {what}({one.message!r}) still ran",
                    expected=f"first {what}(message), then write",
                    why="The next stage gets what is half done, and a crash loses the other half.",
                )


def _all_there(lab: Lab) -> bool:
    """Return whether as many consumers as needed have been let in, by what passed on the line."""
    asked = [each.method.queue for each in lab.tap.methods("Basic.Consume")]
    answered = len(lab.tap.methods("Basic.ConsumeOk", up=False))
    return answered >= len(asked) and {queue: asked.count(queue) for queue in CHAIN} == NEEDED


def _consumers(lab: Lab) -> dict[str, int]:
    return {queue: lab.consumers(queue) for queue in CHAIN}


def _as_many_as_needed(found: dict[str, int]) -> None:
    if found != NEEDED:
        raise Mistake(
            _what_is_wrong(found),
            seen="consumers " + ", ".join(f"on {queue}: {count}" for queue, count in found.items()),
            expected="one of each quick stage; of the slow one as many as keep up with the others, and not one more",
            why="The whole flow is as quick as its slowest stage. More of the others waits and costs; "
            "the messages pile up before the slow one all the same.",
        )


def _what_is_wrong(found: dict[str, int]) -> str:
    peelers, choppers, fryers = found.values()
    missing = next((queue for queue, count in found.items() if not count), "")
    if missing:
        return f"Nobody consumes from the queue {missing}."
    if peelers > 1 and choppers > 1 and fryers > 1:
        return "Every stage was scaled, and not only the slow one."
    if peelers > 1 or fryers > 1:
        return f"A quick stage was scaled: the one that reads {'my_queue' if peelers > 1 else 'chopped'}."
    if choppers == 1:
        return "There is one of each stage: messages pile up before the slow one."
    if choppers < NEEDED["peeled"]:
        return f"{choppers} of the slow stage do not keep up: messages still pile up before it."
    return f"{choppers} of the slow stage are more than it takes."


def _at_the_same_time(journal: list[Noted]) -> None:
    most = now = 0
    for noted in journal:
        if noted.message.startswith("chop "):
            now += 1 if noted.what == "begin" else -1
            most = max(most, now)
    if most < NEEDED["peeled"]:
        raise Mistake(
            "The consumers of the slow stage do not work at the same time.",
            seen=f"{NEEDED['peeled']} consumers, and never more than {most} at work",
            expected=f"{NEEDED['peeled']} at work while messages wait: each in its own thread, with its own connection",
            why="Consumers that wait for one another are as slow as a single one.",
        )
