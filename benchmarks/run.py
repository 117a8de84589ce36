"""A run of jobs by the words of a command line: round by round, told as tables, written where it was a full one."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Generic

from benchmarks import table
from benchmarks.job import Job, W
from benchmarks.trial import Failed, Result

QUICK = 0.02
"""The share of the messages that --quick takes."""


def say(line: str) -> None:
    """Tell how it goes on, apart from the table."""
    print(line, file=sys.stderr, flush=True)


def asked(program: str, about: str | None, jobs: list[Job[W]]) -> argparse.Namespace:
    """Return what the command line asks for. End the process where it is wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    names = [job.name for job in jobs]
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"{', '.join(names)}; by default all")
    parser.add_argument("--quick", action="store_true", help="few messages, one round: whether it works, not how fast")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", default="", help="leave clients out, such as ours,original")
    parser.add_argument(
        "--output", type=Path, help="where the tables go; by default a full run's to benchmarks/results"
    )
    found = parser.parse_args()
    if unknown := set(found.jobs) - set(names):
        sys.exit(f"there is no job {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return found


@dataclass
class Run(Generic[W]):
    """What was asked for, what measures a row, and the results by job and row."""

    asked: argparse.Namespace
    measure: Callable[[W], Result]
    found: dict[str, dict[str, list[Result]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    """What else the machine did just before."""

    def play(self, jobs: list[Job[W]]) -> None:
        """Run those of the jobs that are asked for, and print each one's table."""
        begun = time.monotonic()
        for job in jobs:
            if job.name in (self.asked.jobs or [job.name]):
                self.found[job.name] = self._results(job)
                lines = list(table.lines(job, self.found[job.name]))
                self.lines += lines
                print("\n".join(lines), flush=True)
        say(f"It took {(time.monotonic() - begun) / 60:.1f} minutes.")

    @property
    def versions(self) -> list[str]:
        """Return what the clients say that they are."""
        return sorted({each.version for job in self.found.values() for row in job.values() for each in row} - {""})

    def write(self, head: list[str], results: Path) -> None:
        """Print the head; write all where a file was asked for, or everything was run."""
        print("\n".join(head))
        asked = self.asked
        output = asked.output or (None if asked.jobs or asked.quick or asked.without else results)
        if not output:
            return
        output.parent.mkdir(exist_ok=True)
        output.write_text("\n".join([*head, *self.lines]), encoding="utf-8")
        raw = {job: {row: [asdict(r) for r in each] for row, each in rows.items()} for job, rows in self.found.items()}
        output.with_suffix(".json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        say(f"Written: {output}")

    def _results(self, job: Job[W]) -> dict[str, list[Result]]:
        results: dict[str, list[Result]] = {row: [] for row in job.rows}
        for row, trial in job.turns(1 if self.asked.quick else self.asked.rounds):
            if trial.client in self.asked.without.split(","):
                continue
            try:
                result = self.measure(trial.of(QUICK) if self.asked.quick else trial)
            except Failed as reason:
                say(f"{job.name}: {row}: {reason}")
                continue
            results[row].append(result)
            say(f"{job.name}: {row}: {result.rate:,.0f}/s")
        return results
