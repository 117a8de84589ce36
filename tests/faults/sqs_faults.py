"""The faults of SQS, of the way to it and of a pipe's own processes, each struck while three stages work.

Each function plays one on a stage and returns what became of the messages. None asks more of the client than that it
runs tasks, so that one which ends or hangs has its result, too.
"""

import random
import signal
import socket
from collections.abc import Callable

from lapinmq_client import met
from sqs_proxy import DOWN, NO_SUCH_KEY, Body, Proxy
from sqs_stage import VISIBILITY, Pipe, Result, Stage, Work, now

SENDS = ("SendMessage", "SendMessageBatch")
DELETES = ("DeleteMessage", "DeleteMessageBatch")
HIDES = ("ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
BEFORE = 100
"""Messages that have arrived before a fault strikes."""

Case = Callable[[Stage], Result]


def killed_stage(stage: Stage) -> Result:
    """kill -9 of one of the two processes of a stage."""
    pipe = Pipe(stage)
    pipe.busy(BEFORE)
    struck = now()
    pipe.works[0].kill()
    return pipe.result("kill -9 of a stage", struck)


def killed_between_send_and_delete(stage: Stage) -> Result:
    """kill -9 of a process whose deletes have not got through, though its outputs have."""
    pipe = Pipe(stage, works=1)
    own = stage.own_proxy()
    held = own.hold(*DELETES, drop=True)
    victim = pipe.also("work", own.endpoint)
    met(lambda: held.waiting, 20)
    struck = now()
    victim.kill()
    own.mend()
    return pipe.result("kill -9 between send and delete", struck)


def sends_fail(stage: Stage) -> Result:
    """An SQS that answers 500 to sends for a while."""
    return _proxied(stage, "sends answered with 500", lambda proxy: proxy.answer(DOWN, *SENDS, times=8))


def sends_reset(stage: Stage) -> Result:
    """A way to SQS that is reset at sends for a while."""
    return _proxied(stage, "sends reset", lambda proxy: proxy.reset(*SENDS, times=8))


def answers_lost(stage: Stage) -> Result:
    """A way to SQS that is reset after sends, whose answers do not come back."""
    return _proxied(stage, "answers to sends lost", lambda proxy: proxy.lose(*SENDS, times=8))


def all_reset(stage: Stage) -> Result:
    """A way to SQS that is reset at every request for a while."""
    return _proxied(stage, "every request reset", lambda proxy: proxy.reset(times=30))


def all_at_once(stage: Stage) -> Result:
    """All these on one pipe, one after the other."""
    stage.work = Work(seconds=0.2)
    pipe = Pipe(stage)
    pipe.busy(BEFORE // 2)
    struck = now()
    for strike in (
        lambda proxy: proxy.answer(DOWN, *SENDS, times=4),
        lambda proxy: proxy.reset(*SENDS, times=4),
        lambda proxy: proxy.lose(*SENDS, times=4),
        lambda proxy: proxy.lose(*DELETES, times=4),
        lambda proxy: proxy.reset(times=20),
    ):
        rule = strike(stage.proxy)
        met(lambda rule=rule: rule.left == 0, 5)
    return pipe.result("sends and the way to SQS fail", struck)


def _proxied(stage: Stage, case: str, strike: Callable[[Proxy], object]) -> Result:
    pipe = Pipe(stage)
    pipe.busy(BEFORE)
    struck = now()
    strike(stage.proxy)
    return pipe.result(case, struck)


def long_tasks(stage: Stage) -> Result:
    """Tasks that take longer than the visibility timeout."""
    stage.work = Work(count=60, special=tuple(range(0, 60, 6)), longer=4)
    pipe = Pipe(stage, visibility_seconds=2)
    return pipe.result("tasks longer than the visibility timeout")


def always_raises(stage: Stage) -> Result:
    """A task that raises at each try of some messages; the proxy makes the waits between the tries short."""
    return _hopeless(stage, "raise", "tasks that always raise")


def too_large(stage: Stage) -> Result:
    """A task whose output is too large for some messages."""
    return _hopeless(stage, "large", "outputs that are too large")


def _hopeless(stage: Stage, does: str, case: str) -> Result:
    stage.work = Work(count=200, special=tuple(range(20, 200, 40)), does=does)
    stage.proxy.alter(_at_once, *HIDES)
    pipe = Pipe(stage)
    dead = f"{stage.domain}-make--dead.fifo"
    met(lambda: dead in stage.plain.queues(dead) and stage.plain.held(dead)[0] == len(stage.work.special), 20)
    return pipe.result(case)


def _at_once(body: Body) -> Body:
    """Return a request to hide messages for no longer than 1 s."""
    for entry in body.get("Entries", [body]):
        entry["VisibilityTimeout"] = min(1, entry["VisibilityTimeout"])
    return body


def deleted_queue(stage: Stage) -> Result:
    """A queue that is deleted while it is filled and read; the stages are started again as they end, three times."""
    stage.work = Work(count=300, seconds=0.01)
    for task in ("make", "work"):  # a run that has just made a queue waits for it to be known
        stage.plain.make(stage.queue(task), VisibilityTimeout=str(VISIBILITY))
    pipe = Pipe(stage)
    pipe.busy(BEFORE)
    held = stage.proxy.hold(*SENDS)  # nothing is on the queue when it goes
    met(lambda: held.waiting and len(pipe.arrivals()) >= _sent(stage.proxy), 2)
    struck = now()
    stage.plain.delete(stage.queue("work"))
    stage.proxy.mend()
    met(lambda: _restarted(pipe), 60)
    return pipe.result("queue deleted", struck)


def _sent(proxy: Proxy) -> int:
    """Return how many outputs of `work` the SQS has taken, those sent again not counted."""
    answered = [each.body for each in proxy.of(*SENDS) if each.status == 200 and "-work" in each.body["QueueUrl"]]
    entries = [entry for body in answered for entry in body.get("Entries", [body])]
    return len({entry["MessageDeduplicationId"] for entry in entries})


def _restarted(pipe: Pipe) -> bool:
    """Start again what has ended; return whether all has arrived."""
    for name, some in (("work", pipe.works), ("collect", pipe.collectors)):
        if all(each.process.poll() is not None for each in some) and len(some) < 6:
            pipe.also(name)
    return len({event.words[0] for event in pipe.arrivals()}) >= pipe.stage.work.count


def sent_twice(stage: Stage) -> Result:
    """A producer that sends each message twice, with the same deduplication id where the client has one."""
    stage.work = Work(count=100)
    pipe = Pipe(stage, first="submit")
    return pipe.result("producer sends each message twice")


def ctrl_c(stage: Stage, times: int = 20) -> Result:
    """Ctrl+C to a stage's process at any time, often, each time with another in its place."""
    stage.work = Work(count=1000, workers=2, seconds=0.07)
    pipe, chance = Pipe(stage, works=3), random.Random(times)
    late = sum(not _interrupted(pipe, number, chance.randrange(0, 15)) for number in range(times))
    result = pipe.result(f"Ctrl+C {times} times")
    result.ended = ", ".join(filter(None, [result.ended, f"{late} times not within 3 s" if late else ""]))
    return result


def _interrupted(pipe: Pipe, number: int, begun: int) -> bool:
    """Strike a process of `work` once it has begun so many, and start another; return whether it ends in time."""
    current = pipe.works[number]
    current.reaches("began", begun, 2)
    current.process.send_signal(signal.SIGINT)
    pipe.also("work")
    return met(lambda: current.process.poll() is not None, 3)


def unknown_key(stage: Stage) -> Result:
    """Credentials that AWS does not know."""
    stage.proxy.answer(NO_SUCH_KEY)
    return _named(stage, "credentials unknown", stage.proxy.endpoint)


def closed_port(stage: Stage) -> Result:
    """An endpoint on whose port nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return _named(stage, "endpoint: closed port", f"http://127.0.0.1:{taken.getsockname()[1]}")


def silent_port(stage: Stage) -> Result:
    """An endpoint that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return _named(stage, "endpoint: never answers", f"http://127.0.0.1:{listener.getsockname()[1]}")


def _named(stage: Stage, case: str, endpoint: str) -> Result:
    """Start a stage there; return how it ended, with the seconds from its start to the error."""
    driver = stage.drive("work", endpoint)
    driver.reaches("raised", seconds=30)
    told, started = driver.events("raised"), driver.events("started")
    if not told or not started:
        return Result(case, ended="hangs")
    return Result(case, ended=" ".join(told[0].words), named=told[0].at - started[0].at, slower=stage.pace.slowest)
