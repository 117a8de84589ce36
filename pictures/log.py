"""The event log of a story: who did what, when, in one or several runs. The pictures are drawn from it alone."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that happened, `at` seconds after the run began. What does not apply is empty.

    A script starts, consumes, publishes, has a message confirmed, prints, acknowledges, is interrupted, ends.
    A queue delivers a message `to` somebody. `status` is what the broker said that a queue holds.
    """

    at: float
    who: str
    does: str
    message: str = ""
    queue: str = ""
    to: str = ""
    redelivered: bool = False
    ready: int | None = None
    unacknowledged: int | None = None
    consumers: int | None = None


@dataclass(frozen=True)
class Run:
    """The events of one run, in the order of time; `count` is what differs between runs, the number of Printers."""

    events: list[Event]
    count: int = 1

    def of(self, who: str) -> list[Event]:
        """Return what one actor did."""
        return [event for event in self.events if event.who == who]


@dataclass(frozen=True)
class Log:
    """A story as it happened, on which RabbitMQ."""

    story: str
    rabbitmq: str
    runs: list[Run]

    def write(self, folder: Path) -> None:
        """Write it to the folder as JSON, an event a line, so that a diff shows what changed."""
        lines = [f'"story": {json.dumps(self.story)}', f'"rabbitmq": {json.dumps(self.rabbitmq)}']
        runs = ",\n".join(_told(run) for run in self.runs)
        text = "{" + ",\n ".join([*lines, f'"runs": [\n{runs}\n]']) + "}\n"
        (folder / f"{self.story}.json").write_text(text, encoding="utf-8")


def read(path: Path) -> Log:
    """Return the log in the file."""
    told = json.loads(path.read_text(encoding="utf-8"))
    runs = [Run([Event(**event) for event in run["events"]], run["count"]) for run in told["runs"]]
    return Log(told["story"], told["rabbitmq"], runs)


def _told(run: Run) -> str:
    events = ",\n".join("   " + json.dumps(_filled(event), ensure_ascii=False) for event in run.events)
    return f'  {{"count": {run.count}, "events": [\n{events}\n  ]}}'


def _filled(event: Event) -> dict[str, Any]:
    empty = {field.name: field.default for field in fields(Event)}
    return {name: value for name, value in asdict(event).items() if value != empty[name]}
