"""One trial: the processes of one client do one work over an emulator of their own."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.clients.sqs_part import SUBMIT, Part
from benchmarks.sqs.endpoint import Endpoint, wait_until
from benchmarks.sqs.player import SECONDS, Player
from benchmarks.trial import Result

WAITING = 1_000_000
"""Messages that wait in a queue that shall not run dry."""

QUIET_SECONDS = 2
"""After so long without an output none will come: PyPI's sqspipes loses some that its iterator should yield."""

Told = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """What is done by whom: `count` words, or tasks of `task_seconds` for `seconds`, in `processes` of `workers`.

    `stages` is 3 where the stage that works sends its outputs on, 2 where it is the last one.
    """

    client: str
    work: str
    count: int = 0
    seconds: float = 0
    workers: int = 1
    processes: int = 1
    priorities: int = 1
    stages: int = 3
    task_seconds: float = 0

    def of(self, share: float) -> "Trial":
        """Return the same with this share of the words, and for a short time."""
        return replace(self, count=max(20, int(self.count * share)), seconds=min(1, self.seconds))

    def part(self, task: str = "reduce") -> Part:
        """Return the part of one of its processes."""
        return Part(
            task, stages=self.stages, count=self.count, workers=self.workers, priorities=self.priorities,
            seconds=self.task_seconds,
        )  # fmt: skip


def measure(trial: Trial) -> Result:
    """Run the trial. Blocks until its processes have ended. Raise Failed."""
    works = {"words": _words, "tasks": _tasks, "idle": _idle, "memory": _memory}
    with Endpoint() as endpoint:
        return works[trial.work](trial, endpoint)


def _words(trial: Trial, endpoint: Endpoint) -> Result:
    """Pass words through three stages, from the first one's task to when the last one's iterator has yielded all."""
    parts = [replace(trial.part(task), workers=n) for task, n in (("generate", 8), ("reduce", 16), ("count", 8))]
    with _players(trial, endpoint, parts) as (generate, reduce, count):
        for stage in (count, reduce):
            stage.go()
        for stage in (reduce, count):
            _wait_for_receives(stage, endpoint)
        before, earlier, server = endpoint.requests(), _sum("cpu", reduce.look(), count.look()), endpoint.cpu()
        begun = generate.go()
        told = _wait_for_words(count, trial.count)
        wait_until(lambda: endpoint.held() == 0, "nothing is left in the queues", 30)
        requests, server = endpoint.requests() - before, endpoint.cpu() - server
        others = generate.look(), reduce.look()
    return _result(
        told["yielded"] / (told["last"] - others[0]["first"]), _sum("cpu", told, *others) - earlier - begun["cpu"],
        trial.count, (told, *others), requests=requests / trial.count, yielded=told["yielded"],
        server_us=1e6 * server / trial.count,
    )  # fmt: skip


def _wait_for_words(stage: Player, count: int) -> Told:
    """Block until the last stage has yielded all, or has worked on all and yields no more; return what it tells."""
    while True:
        told = stage.look()
        quiet = told["begun"] >= count and told["now"] - told["last"] > QUIET_SECONDS
        if told["yielded"] >= count or quiet:
            return told
        time.sleep(0.1)


def _tasks(trial: Trial, endpoint: Endpoint) -> Result:
    """Work for some seconds on a queue that does not run dry, once every worker has done two tasks."""
    _fill(trial, endpoint)
    with _players(trial, endpoint, [trial.part()] * trial.processes) as stages:
        for stage in stages:
            stage.go()
        wait_until(
            lambda: all(stage.look()["begun"] >= 3 * trial.workers for stage in stages), "all workers work", SECONDS
        )
        before, requests = [stage.look() for stage in stages], endpoint.requests()
        time.sleep(trial.seconds)
        after, requests = [stage.look() for stage in stages], endpoint.requests() - requests
    took = [late["now"] - early["now"] for early, late in zip(before, after, strict=True)]
    done = [late["begun"] - early["begun"] for early, late in zip(before, after, strict=True)]
    rate = sum(tasks / seconds for tasks, seconds in zip(done, took, strict=True))
    ideal = trial.processes * trial.workers / trial.task_seconds
    used = _sum("cpu", *after) - _sum("cpu", *before)
    return _result(rate, used, sum(done), after, requests=requests / max(1, sum(done)), share=rate / ideal)


def _idle(trial: Trial, endpoint: Endpoint) -> Result:
    """Wait for messages that do not come: from the start on, and then a third longer, of what has settled."""
    makes_queues, waits = replace(trial.part("generate"), workers=1), trial.part()
    with _players(trial, endpoint, [makes_queues]), _players(trial, endpoint, [waits]) as (stage,):
        looks = [_look(stage.go(), endpoint)]
        for seconds in (trial.seconds, trial.seconds * 4 / 3):
            time.sleep(seconds)
            looks.append(_look(stage.look(), endpoint))
    first, settled = (_difference(*pair) for pair in itertools.pairwise(looks))
    told = {f"{name}_first": number for name, number in first.items()} | settled
    return _result(settled["requests_s"], 0, 1, [looks[-1]], **told)


def _look(told: Told, endpoint: Endpoint) -> Told:
    return told | {"requests": endpoint.requests()}


def _difference(early: Told, late: Told) -> dict[str, float]:
    """Return requests and CPU seconds a second."""
    seconds = late["now"] - early["now"]
    requests = late["requests"] - early["requests"]
    return {"requests": requests, "requests_s": requests / seconds, "cpu_s": (late["cpu"] - early["cpu"]) / seconds}


def _memory(trial: Trial, endpoint: Endpoint) -> Result:
    """Work on a part of a million waiting messages, and look at the memory early and at the end."""
    _fill(trial, endpoint)
    with _players(trial, endpoint, [trial.part()]) as (stage,):
        begun = stage.go()
        early = _wait_for_outputs(stage, trial.count // 10)
        late = _wait_for_outputs(stage, trial.count)
    rate = late["yielded"] / (late["now"] - late["first"])
    told = {"start_mb": begun["memory_mb"], "early_mb": early["memory_mb"], "late_mb": late["memory_mb"]}
    return _result(rate, late["cpu"] - begun["cpu"], late["yielded"], [late], **told)


def _wait_for_outputs(stage: Player, count: int) -> Told:
    wait_until(lambda: bool(stage.look()["yielded"] >= count), f"there are {count} outputs", SECONDS)
    return stage.look()


def _fill(trial: Trial, endpoint: Endpoint) -> None:
    """Let a process of the client send one message, and put a million like it behind it."""
    with _players(trial, endpoint, [trial.part(SUBMIT)]):
        wait_until(lambda: endpoint.held() == 1, "the first message is there", 30)
    endpoint.fill(trial.part().inputs[0], WAITING)


def _wait_for_receives(stage: Player, endpoint: Endpoint) -> None:
    queue = stage.part.inputs[0]
    wait_until(lambda: endpoint.requests("ReceiveMessage", queue) > 0, f"{queue} is received from", 30)


@contextlib.contextmanager
def _players(trial: Trial, endpoint: Endpoint, parts: list[Part]) -> Iterator[list[Player]]:
    """Start a process for each part; they have set up, and wait, when this goes on."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Player(trial.client, part, endpoint)) for part in parts]


def _sum(name: str, *looks: Told) -> float:
    return sum(float(told[name]) for told in looks)


def _result(rate: float, cpu: float, count: int, looks: "list[Told] | tuple[Told, ...]", **told: float) -> Result:
    peak = max(float(look["peak_mb"]) for look in looks)
    return Result(rate, 1e6 * cpu / max(1, count), peak, looks[0]["version"], told)
