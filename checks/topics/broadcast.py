"""07 Broadcast: a HALT to a fanout exchange ends all consumers, when what waits on the work queue is done."""

from typing import NamedTuple

from brokers.tap import Seen
from checks import expect
from checks.exercise import step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, chapters 2 and 9"
QUEUE = "jobs"
EXCHANGE = "halt"


class Bound(NamedTuple):
    """A queue that a script bound to an exchange; `exclusive` as it was declared."""

    connection: int
    exchange: str
    queue: str
    exclusive: bool


@step()
def a_broadcast_ends_all_who_wait(lab: Lab) -> None:
    """Each consumer has a queue of its own at the exchange halt; HALT ends all, also one that came later."""
    lab.declare(QUEUE)
    first = _started(lab)
    _fanout(lab)
    _bound(lab)
    second = _started(lab)
    _own_queues(lab)
    expect.keeps_running(lab, second)
    expect.keeps_running(lab, first, 0.1)
    lab.publish("", "HALT", exchange=EXCHANGE)
    _end(lab, [first, second])
    _nothing_behind(lab)


@step(a_broadcast_ends_all_who_wait)
def it_does_not_overtake_the_work(lab: Lab) -> None:
    """What waits on the work queue is done before they end."""
    words = lab.words(11)
    lab.declare(QUEUE)
    scripts = [_started(lab), _started(lab)]
    lab.publish(QUEUE, *words)
    lab.until(lambda: len(lab.journal()) >= 2, 5)
    _working(lab, scripts, words)
    lab.publish("", "HALT", exchange=EXCHANGE)
    lab.until(lambda: all(script.ended for script in scripts), 12)
    for script in scripts:
        expect.no_error(script)
    expect.no_auto_ack(lab.deliveries(QUEUE))
    expect.acknowledged_after_work(lab, QUEUE, words)
    _all_done(lab, scripts, words)
    _end(lab, scripts)
    for script in scripts:
        expect.acknowledged(lab, script, QUEUE, words, 0.5)
    _nothing_behind(lab)


def _started(lab: Lab) -> Script:
    """Start one more consumer, and wait until it consumes, and its binding is made, if it makes one."""
    before = len(_consuming(lab))
    script = lab.start()
    expect.connects(lab, script)
    lab.until(lambda: script.ended or len(_consuming(lab)) > before)
    expect.no_error(script)
    expect.consumes(lab, script, QUEUE, 0.1)
    made = len(lab.tap.methods("Queue.Bind"))
    lab.until(lambda: len(lab.tap.methods("Queue.BindOk", up=False)) >= max(made, before + 1), 1)
    return script


def _fanout(lab: Lab) -> None:
    for each in lab.tap.methods("Exchange.Declare"):
        if each.method.exchange == EXCHANGE and each.method.type != "fanout" and not each.method.passive:
            raise Mistake(
                f"The exchange {EXCHANGE} is of type {each.method.type}, and not fanout.",
                seen=f"it was declared with the type {each.method.type}",
                expected=f"exchange_declare('{EXCHANGE}', 'fanout', durable=True)",
                why="A fanout exchange copies each message to all bound queues, whatever its key. The others choose.",
                read="README.md, chapter 2",
            )


def _bound(lab: Lab) -> None:
    bound = _bindings(lab)
    if not any(each.exchange == EXCHANGE for each in bound):
        others = [f"{each.queue} to {each.exchange}" for each in bound]
        raise Mistake(
            f"No queue is bound to the exchange {EXCHANGE}.",
            seen=f"bound: {', '.join(others) or 'nothing'}",
            expected=f"a queue of this consumer's own, bound to {EXCHANGE}",
            why="An exchange keeps nothing. What is sent to one without bindings is gone.",
            read="README.md, chapter 2",
        )


def _own_queues(lab: Lab) -> None:
    bound = [each for each in _bindings(lab) if each.exchange == EXCHANGE]
    if len({each.connection for each in bound}) > 1 and len({each.queue for each in bound}) == 1:
        raise Mistake(
            "All consumers share one queue for the broadcast.",
            seen=f"two consumers bound the same queue, {bound[0].queue}",
            expected="a queue for each: queue_declare('', exclusive=True), and the broker makes up a name",
            why="Each message on a queue goes to one consumer. One of them gets HALT, and the others wait for ever.",
        )
    for each in bound:
        if not each.exclusive:
            raise Mistake(
                "The queue for the broadcast is not exclusive.",
                seen=f"{each.queue} was declared without exclusive=True",
                expected="queue_declare('', exclusive=True)",
                why="It stays behind when its consumer has ended, and collects broadcasts that nobody reads.",
            )


def _working(lab: Lab, scripts: list[Script], words: list[str]) -> None:
    """Raise a Mistake if nobody has begun to work."""
    if not lab.journal():
        for script in scripts:
            printed = [word for word in words if word in script.output]
            expect.worked(lab, script, printed[:1] or words[:1], 0)


def _all_done(lab: Lab, scripts: list[Script], words: list[str]) -> None:
    """Raise a Mistake if all have ended, or one has, and work still waits."""
    done = {noted.message for noted in lab.journal() if noted.what == "done"}
    undone = [word for word in words if word not in done]
    if undone and any(script.ended for script in scripts):
        raise Mistake(
            "The broadcast overtook the work.",
            seen=f"{len([s for s in scripts if s.ended])} of {len(scripts)} consumers ended, and {len(undone)} of "
            f"{len(words)} jobs were not done; {lab.waiting(QUEUE)} wait on {QUEUE}",
            expected=f"that a consumer ends when HALT has come and nothing waits on {QUEUE} any more",
            why="A broadcast does not stand in line. Who ends at once leaves the work that came before it.",
        )


def _end(lab: Lab, scripts: list[Script]) -> None:
    lab.until(lambda: all(script.ended for script in scripts), 8)
    for script in scripts:
        expect.no_error(script)
    running = [script for script in scripts if not script.ended]
    if running:
        raise Mistake(
            f"The broadcast {'ended no consumer' if len(running) == len(scripts) else 'did not end all consumers'}.",
            seen=f"{len(running)} of {len(scripts)} still run; what they print: {expect.shown(running[0].output, 3)}",
            expected=f"that each ends when HALT has come and {QUEUE} is empty, also one that has nothing to do",
            why="Whoever misses the HALT keeps its connection and waits for ever.",
        )


def _nothing_behind(lab: Lab) -> None:
    left = lab.take(QUEUE)
    if left:
        raise Mistake(
            f"Messages are left on {QUEUE}.",
            seen=f"on {QUEUE}: {expect.shown(left)}",
            expected="none: every job acknowledged when its work was done",
            why="What was done, and not acknowledged, is done again by the next consumer.",
            read="README.md, chapter 5",
        )


def _bindings(lab: Lab) -> list[Bound]:
    """Return what the scripts bound; an empty name stands for the queue that was declared last on the channel."""
    last: dict[tuple[int, int], str] = {}
    asked: dict[tuple[int, int], bool] = {}
    exclusive: dict[str, bool] = {}
    found: list[Bound] = []
    for each in list(lab.tap.seen):
        place = each.connection, each.channel
        if each.name == "Queue.Declare" and not each.method.passive:
            asked[place] = bool(each.method.exclusive)
        elif each.name == "Queue.DeclareOk":
            last[place] = str(each.method.queue)
            exclusive.setdefault(last[place], asked.pop(place, False))
        elif each.name == "Queue.Bind":
            queue = str(each.method.queue) or last.get(place, "")
            found.append(Bound(each.connection, str(each.method.exchange), queue, exclusive.get(queue, False)))
    return found


def _consuming(lab: Lab) -> list[Seen]:
    return [each for each in lab.tap.methods("Basic.Consume") if each.method.queue == QUEUE]
