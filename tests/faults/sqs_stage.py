"""Where a case is played: an SQS, a domain of it, the client, and a pipe of three stages at work on it."""

import json
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from lapinmq_client import ROOT, Client, Driver, Event, met
from sqs_emulator import at
from sqs_plain import Plain
from sqs_proxy import Proxy
from waiting import Pace

from sqs_pipes.emulator import Emulator

VISIBILITY = 3
"""Seconds for which a killed process's messages stay hidden; with PyPI's sqspipes it is 120."""

PATIENCE = 150
"""Seconds after which a pipe that has not got all its messages is given up."""

QUIET = 5
"""Seconds without any event after which a pipe with empty queues is done."""

END_SECONDS = 30
"""How long a pipe's processes may take to end after they were asked to."""

OURS = Client("ours", sys.executable, str(ROOT), {"visibility_seconds": VISIBILITY, "on_error": "retry"})


@dataclass
class Result:
    """What became of a pipe's messages."""

    case: str
    attempted: int = 0
    arrived: int = 0
    kept: int = 0
    """Those that are among the dead letters, since no task can do them."""
    left: int = 0
    """Those that still wait on a queue, since no process of the next stage is left."""
    lost: int = 0
    duplicated: int = 0
    redone: int = 0
    """How often a task was run once more for a message."""
    held_up: float = 0
    """Seconds, the longest in which nothing arrived."""
    ended: str = ""
    """How a stage ended, where that was not as asked."""
    named: float | None = None
    """Seconds until it ended with an error."""
    slower: float = 1.0
    """How many times slower than a quiet one the machine was at the most."""

    def line(self) -> dict[str, Any]:
        """Return the figures as the tests show them."""
        names = ("case", "attempted", "arrived", "kept", "left", "lost", "duplicated", "redone")
        return {name: getattr(self, name) for name in names} | {"held up s": round(self.held_up, 2)}


@dataclass
class Work:
    """How many messages there are, how many workers a process has, and what their task does."""

    count: int = 500
    workers: int = 16
    seconds: float = 0.05
    special: tuple[int, ...] = ()
    does: str = ""
    """With the special ones: raise, or return what is too large; else be longer."""
    longer: float = 0.05

    def settings(self) -> str:
        """Return it as the drivers read it."""
        return json.dumps(vars(self))


@dataclass
class Stage:
    """A case's SQS and client; what is started here is ended by `close`."""

    emulator: Emulator
    client: Client
    folder: Path
    work: Work = field(default_factory=Work)
    domain: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    drivers: list[Driver] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        """Set up the way to the SQS; the AWS_* variables of this process have to lead to it, too."""
        self.proxies = [Proxy(self.emulator.port)]
        self.plain = Plain()

    @property
    def ours(self) -> bool:
        """Return whether the client is ours, which has options of its own."""
        return bool(self.client.path)

    @property
    def proxy(self) -> Proxy:
        """Return the proxy through which all stages go unless told otherwise."""
        return self.proxies[0]

    def own_proxy(self) -> Proxy:
        """Return one more."""
        self.proxies.append(Proxy(self.emulator.port))
        return self.proxies[-1]

    def drive(self, task: str, endpoint: str = "", **options: Any) -> Driver:
        """Start a stage in a process; `options` are for our TaskClient, and no other knows them."""
        client = replace(self.client, options=self.client.options | options) if self.ours else self.client
        environment = at(endpoint or self.proxy.endpoint) | {
            "DOMAIN": self.domain, "SETTINGS": self.work.settings(),
            "PIPES": "sqs_pipes.client" if self.ours else "sqspipes",
        }  # fmt: skip
        self.drivers.append(Driver(client, self.folder, environment, "sqs", task))
        return self.drivers[-1]

    def queue(self, task: str) -> str:
        """Return the name of the queue that the task fills."""
        return f"{self.domain}-{task}.fifo"

    def close(self) -> None:
        """End what still runs, and delete the queues."""
        self.pace.end()
        for driver in self.drivers:
            driver.close()
        for proxy in self.proxies:
            proxy.close()
        self.plain.delete_all(self.domain)


class Pipe:
    """The three stages at work, `work` in as many processes as it is asked for."""

    def __init__(self, stage: Stage, works: int = 2, first: str = "make", **options: Any) -> None:
        self.stage, self.options = stage, options
        self.collectors = [stage.drive("collect")]
        self.works = [stage.drive("work", **options) for _ in range(works)]
        self.makers = [stage.drive(first)]

    def also(self, task: str, endpoint: str = "") -> Driver:
        """Start one more process of a later task."""
        some = {"work": self.works, "collect": self.collectors}[task]
        some.append(self.stage.drive(task, endpoint, **(self.options if task == "work" else {})))
        return some[-1]

    def busy(self, arrivals: int = 50, seconds: float = 30) -> bool:
        """Block until so many have arrived; return False where it does not come to that."""
        return met(lambda: len(self.arrivals()) >= arrivals, seconds)

    def arrivals(self) -> list[Event]:
        """Return what the collectors told, in the order of its time."""
        found = [event for each in self.collectors for event in each.events("yielded")]
        return sorted(found, key=lambda event: event.at)

    def told(self, kind: str) -> list[str]:
        """Return the numbers of which the workers told this."""
        return [event.words[0] for each in self.works for event in each.events(kind)]

    def made(self) -> set[str]:
        """Return the numbers that were attempted."""
        return {event.words[0] for each in self.makers for event in each.events("made")}

    def let_arrive(self, seconds: float = PATIENCE) -> None:
        """Block until all has arrived, or nothing more can."""
        met(self._arrived, seconds)

    def _arrived(self) -> bool:
        missing = self.made() - {event.words[0] for event in self.arrivals()} - set(map(str, self._never()))
        complete = len(self.made()) >= self.stage.work.count and not missing
        return complete or self._broken() or (self._quiet() and self._empty())

    def _broken(self) -> bool:
        """Return whether no process of one of the later stages is left."""
        return any(all(each.process.poll() is not None for each in some) for some in (self.works, self.collectors))

    def _never(self) -> tuple[int, ...]:
        return self.stage.work.special if self.stage.work.does else ()

    def _quiet(self) -> bool:
        files = [each.told.stat().st_mtime for each in self.stage.drivers]
        return time.time() - max(files) > QUIET

    def _empty(self) -> bool:
        existing = self.stage.plain.queues(self.stage.domain)
        return all(self.stage.plain.held(name) == (0, 0) for name in existing if "--dead" not in name)

    def result(self, case: str, since: float = 0) -> Result:
        """End all, and count; `since` is when it was struck, on time.monotonic's clock."""
        self.let_arrive()
        for _, each in self._living():
            each.ask_to_end()  # all at once, which takes less time
        until = now() + END_SECONDS
        ended = [f"{name} {how}" for name, each in self._living() if (how := each.end(max(0.1, until - now())))]
        made, arrivals = self.made(), [event.words[0] for event in self.arrivals()]
        kept = self.kept()
        left = self.left() - set(arrivals) - kept
        redone = sum(times - 1 for times in Counter(self.told("began")).values())
        return Result(
            case, len(made), len(set(arrivals)), len(kept), len(left), len(made - set(arrivals) - kept - left),
            len(arrivals) - len(set(arrivals)), redone, self.held_up(since), ", ".join(ended),
            slower=self.stage.pace.slowest,
        )  # fmt: skip

    def _living(self) -> list[tuple[str, Driver]]:
        """Return the processes that were not killed by the case."""
        stages = {"make": self.makers, "work": self.works, "collect": self.collectors}
        return [(name, each) for name, some in stages.items() for each in some if each.process.returncode != -9]

    def held_up(self, since: float = 0) -> float:
        """Return the longest time in seconds after `since` in which nothing arrived."""
        times = [event.at for event in self.arrivals()]
        gaps = [later - max(sooner, since) for sooner, later in pairwise(times) if later > since]
        return max(gaps, default=0)

    def left(self) -> set[str]:
        """Take what waits on the queues, and return its numbers."""
        there = self.stage.plain.queues(self.stage.domain)
        names = [name for name in map(self.stage.queue, ("make", "work")) if name in there]
        return {str(value) for name in names for value in self.stage.plain.taken(name)}

    def kept(self) -> set[str]:
        """Return the numbers among the dead letters, which it hides for a while."""
        name = f"{self.stage.domain}-make--dead.fifo"
        if name not in self.stage.plain.queues(self.stage.domain):
            return set()
        bodies = [message["Body"] for message in iter_all(partial(self.stage.plain.receive, name))]
        return {str(json.loads(body)["value"]) for body in bodies}


def iter_all(receive: Any) -> list[dict[str, Any]]:
    """Return all that can be received now."""
    found: list[dict[str, Any]] = []
    while some := receive():
        found += some
    return found


def now() -> float:
    """Return the time on the clock of all events."""
    return time.monotonic()
