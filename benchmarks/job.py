"""A job: rows that do the same work and are told beside each other, and the goals that ours shall reach."""

import random
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from benchmarks.trial import Result

W = TypeVar("W", bound="Work")


class Work(Protocol):
    """What a row does: a trial of one client."""

    @property
    def client(self) -> str: ...

    def of(self: W, share: float) -> W:
        """Return the same with this share of the messages."""
        ...


Measure = Callable[[Result], float]
Results = Mapping[str, list[Result]]
"""By row, one a round; fewer where trials failed."""


def rate(result: Result) -> float:
    """Return messages a second."""
    return result.rate


def cpu(result: Result) -> float:
    """Return the client's CPU microseconds a message."""
    return result.cpu_us


def peak(result: Result) -> float:
    """Return the most memory the client had, in MB."""
    return result.peak_mb


def told(name: str, times: float = 1) -> Measure:
    """Return the measure of what a work tells beside."""
    return lambda result: times * result.told[name]


def median(by: Measure, results: list[Result]) -> float:
    return statistics.median(map(by, results))


@dataclass(frozen=True)
class Column:
    """A title and what stands below it: a measure's median, and its spread where asked for."""

    title: str
    by: Measure
    form: str = ",.0f"
    spread: bool = False

    def cell(self, results: list[Result]) -> str:
        """Return the median over the rounds, with the least and the most."""
        text = format(median(self.by, results), self.form)
        if not self.spread or len(results) < 2:
            return text
        values = [self.by(each) for each in results]
        return f"{text} ({format(min(values), self.form)} to {format(max(values), self.form)})"


RATES = (
    Column("messages/s (least to most)", rate, spread=True),
    Column("CPU µs/message", cpu, ".1f"),
    Column("peak MB", peak),
)


@dataclass(frozen=True)
class Goal:
    """The median of `row`, against `times` that of `over` where there is one, is at least (or at most) `bound`."""

    row: str
    bound: float
    over: str = ""
    most: bool = False
    by: Measure = rate
    unit: str = ""
    times: float = 1

    def verdict(self, results: Results) -> str:
        """Return the goal, what was measured, and whether it is reached."""
        if not results.get(self.row) or (self.over and not results.get(self.over)):
            return f"{self._text()}: not measured"
        found = median(self.by, results[self.row])
        if self.over:
            found /= self.times * median(self.by, results[self.over])
        good = found <= self.bound if self.most else found >= self.bound
        return f"{self._text()}: {found:,.2f}, **{'reached' if good else 'not reached'}**"

    def _text(self) -> str:
        bound = f"at {'most' if self.most else 'least'} {self.bound:g}"
        if not self.over:
            return f"{self.row}: {bound} {self.unit}".rstrip()
        stand_in = f" times {self.times:g}" if self.times != 1 else ""
        return f"{self.row}{', ' + self.unit if self.unit else ''}: {bound} times {self.over}{stand_in}"


@dataclass(frozen=True)
class Job(Generic[W]):
    """`rows` by name, in the table's order; `reference` is the row that the ratios are to."""

    name: str
    title: str
    rows: Mapping[str, W]
    goals: tuple[Goal, ...] = ()
    reference: str = ""
    columns: tuple[Column, ...] = RATES
    rounds: int = 5
    notes: tuple[str, ...] = ()

    def turns(self, rounds: int) -> Iterator[tuple[str, W]]:
        """Return the trials round by round, each round in another order, since a trial feels the one before it."""
        order = random.Random(self.name)
        for _ in range(min(rounds, self.rounds)):
            yield from order.sample(list(self.rows.items()), len(self.rows))
