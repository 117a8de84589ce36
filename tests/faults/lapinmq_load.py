"""A publisher and a consumer at work while a fault strikes, and the count of what became of each message."""

import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from lapinmq_client import Driver, met
from lapinmq_stage import Copy, Stage

LEAST = 2000
"""Messages that a publisher sends at least."""

BEFORE = 500
"""Messages that are confirmed before the fault strikes."""

AFTER = 300
"""Messages that have to be confirmed after it."""

ARRIVAL = 15
"""Seconds within which all that was confirmed arrives, where a fault does not hold it for longer."""

KINDS = (("async", "take"), ("sync", "pipe"))
"""The publishers of a case, each with what the consumer of its queue does."""


COUNTS = ("case", "attempted", "confirmed", "stored", "lost", "duplicated")


@dataclass
class Result:
    """What became of a load's messages."""

    case: str
    attempted: int = 0
    confirmed: int = 0
    stored: int = 0
    lost: int = 0
    duplicated: int = 0
    recovered: float | None = None
    """Seconds, None where nothing went on any more."""
    back: float | None = None
    """Seconds from the fault until all that was confirmed before it had arrived, None where it did not."""
    untold: int = 0
    """Duplicates that neither `redelivered` nor `message_id` gives away."""
    unsettled: int = 0
    """Messages that were neither confirmed nor refused, or more than once."""
    ended: str = ""
    """How the publisher and the consumer ended, where that was not as asked."""
    slower: float = 1.0
    """How many times slower than a quiet one the machine was at the most."""
    noticed: frozenset[str] = frozenset()
    """Which of them said something in their logs, as ours do at each end of a connection or a channel."""

    def line(self) -> dict[str, Any]:
        """Return the figures as the tests show them."""
        seconds = {
            f"{name} s": None if figure is None else round(figure, 2)
            for name, figure in (("recovered", self.recovered), ("back", self.back))
        }
        figures = asdict(self)
        return {name: figures[name] for name in COUNTS} | seconds


class Load:
    """A publisher of one kind, and a consumer, on a queue of their own."""

    def __init__(self, stage: Stage, kind: str, task: str, **arguments: Any) -> None:
        self.stage, self.kind, self.task = stage, kind, task
        self.queue = f"{kind}-{task}"
        self.sinks = [f"{self.queue}-done"] if task == "pipe" else []
        self.declares = bool(stage.client.options.get("quorum"))
        """Whether the client is to declare its queue itself, with the arguments that it gives a quorum queue."""
        stage.declare(*([] if self.declares else [self.queue]), *self.sinks, **arguments)
        self.consumers: list[Driver] = []
        self.arrival: float = ARRIVAL

    def begin(self) -> None:
        """Start both. A publisher that cannot wait for its queue finds it."""
        if self.declares:
            self.consume().reaches("started")
        self.publisher = self.stage.drive("publish", self.kind, self.queue, LEAST)
        if not self.declares:
            self.consume()

    def consume(self) -> Driver:
        """Start one more consumer."""
        self.consumers.append(self.stage.drive("consume", self.queue, self.task))
        return self.consumers[-1]

    def busy(self) -> bool:
        """Block until the work is under way; return False where it does not come to that."""
        return self.publisher.reaches("confirmed", BEFORE) and self.consumers[-1].reaches("arrived", BEFORE // 2)

    def recovered(self, since: float, seconds: float = 25) -> float | None:
        """Block until both go on; return the seconds from `since` until both did, None where one does not."""
        times = self._going_on(seconds)
        return max(min(at for at in each if at > since) - since for each in times) if times else None

    def interrupted(self, since: float, seconds: float = 25) -> float | None:
        """Block until both go on; return the longest time in seconds that one stood still after `since`."""
        times = self._going_on(seconds)
        gaps = [later - sooner for each in times for sooner, later in pairwise(each) if later > since]
        return max(gaps) if times else None

    def _going_on(self, seconds: float) -> list[list[float]]:
        """Block until more is confirmed, and more arrives; return when all of it was, nothing where one ends."""
        drivers = {"confirmed": self.publisher, "arrived": self.consumers[-1]}
        if not all(driver.goes_on(kind, AFTER, seconds) for kind, driver in drivers.items()):
            return []
        return [sorted(event.at for event in driver.events(kind)) for kind, driver in drivers.items()]

    def result(self, case: str, recovered: float | None, struck: float) -> Result:
        """End both, and count; `recovered` is in seconds, `struck` when the fault was there, or was over."""
        both = {"publisher": self.publisher, "consumer": self.consumers[-1]}
        ended = {"publisher": self.publisher.end()}
        self._let_arrive()
        ended["consumer"] = self.consumers[-1].end()
        confirmed = {event.words[0] for event in self.publisher.events("confirmed")}
        copies = self._copies()
        stored = {copy.body for copy in copies}
        return Result(
            f"{case}, {self.kind}", self.publisher.count("attempted"), len(confirmed), len(stored),
            len(confirmed - stored), len(copies) - len(stored), recovered, self._back(struck), untold(copies),
            self._unsettled(),
            ", ".join(f"{who} {how}" for who, how in ended.items() if how), self.stage.pace.slowest,
            frozenset(who for who, driver in both.items() if driver.log.stat().st_size),
        )  # fmt: skip

    def _let_arrive(self) -> None:
        """Block until all that was confirmed has arrived, or nothing more does."""
        wanted = {event.words[0] for event in self.publisher.events("confirmed")}
        consumer = self.consumers[-1]
        met(lambda: wanted <= set(self._arrivals()) or consumer.process.poll() is not None, self.arrival)

    def _arrivals(self) -> dict[str, float]:
        """Return when each message arrived for the first time."""
        events = [event for each in self.consumers for event in each.events("arrived")]
        return {event.words[0]: event.at for event in sorted(events, key=lambda event: event.at, reverse=True)}

    def _back(self, struck: float) -> float | None:
        """Return the seconds from `struck` until all that was confirmed by then had arrived, None where it did not."""
        arrivals = self._arrivals()
        before = [event.words[0] for event in self.publisher.events("confirmed") if event.at < struck]
        times = [arrivals.get(body) for body in before]
        return None if None in times else max([0.0, *(at - struck for at in times if at is not None)])

    def _copies(self) -> list[Copy]:
        """Return each arrival of each message, and what still waits."""
        left = [copy for end in ("", ".retry", ".dead") for copy in self.stage.drain(self.queue + end)]
        if self.sinks:
            return left + [copy for sink in self.sinks for copy in self.stage.drain(sink)]
        told = [event.words for consumer in self.consumers for event in consumer.events("arrived")]
        return left + [Copy(body, message_id, redelivered == "True") for body, message_id, redelivered in told]

    def _unsettled(self) -> int:
        """Return how many messages were not told to be either confirmed or refused once."""
        settled = Counter(e.words[0] for kind in ("confirmed", "refused") for e in self.publisher.events(kind))
        return sum(settled[event.words[0]] != 1 for event in self.publisher.events("attempted"))


def untold(copies: list[Copy]) -> int:
    """Return how many arrivals repeat an earlier one and show it neither by `redelivered` nor by `message_id`."""
    by_body: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        by_body[copy.body].append(copy)
    return sum(
        len(same) > 1
        and sum(copy.redelivered for copy in same) < len(same) - 1
        and ("None" in (ids := {copy.message_id for copy in same}) or len(ids) > 1)
        for same in by_body.values()
    )


def play(stage: Stage, kinds: tuple[tuple[str, str], ...] = KINDS, **arguments: Any) -> list[Load]:
    """Return loads that are under way."""
    loads = [Load(stage, kind, task, **arguments) for kind, task in kinds]
    for load in loads:
        load.begin()
    for load in loads:
        load.busy()
    return loads


def now() -> float:
    """Return the time on the clock of all events."""
    return time.monotonic()
