"""Measure ours beside its peers: python -m benchmarks [JOB ...] [--quick] [--rounds N] [--output FILE]."""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks import machine, peers, table
from benchmarks.job import Job
from benchmarks.jobs import every
from benchmarks.trial import Failed, Result, measure
from brokers import finding
from brokers.broker import Broker
from endings import end_as_by_ctrl_c

RESULTS = peers.FOLDER / "results" / "lapinmq.md"
QUICK = 0.02
"""The share of the messages that --quick takes."""


def say(line: str) -> None:
    """Tell how it goes on, apart from the table."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run the jobs on a broker of their own; a full run writes the results, another prints them only."""
    asked = _asked()
    end_as_by_ctrl_c()
    try:
        peers.prepare()
        broker = finding.find(say)
    except (peers.NoPeers, finding.NoBroker) as reason:
        sys.exit(str(reason))
    try:
        broker.wait()
        _all(broker, asked)
    finally:
        broker.end()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="publish, large, sync, ...; by default all")
    parser.add_argument("--quick", action="store_true", help="few messages, one round: whether it works, not how fast")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", default="", help="leave clients out, such as ours,original")
    parser.add_argument(
        "--output", type=Path, help="where the tables go; by default a full run's to benchmarks/results"
    )
    return parser.parse_args()


def _all(broker: Broker, asked: argparse.Namespace) -> None:
    found, lines, begun, load = {}, list[str](), time.monotonic(), os.getloadavg()[0]
    for job in _chosen(asked.jobs):
        results = found[job.name] = _run(job, broker, asked)
        lines += table.lines(job, results)
        print("\n".join(table.lines(job, results)), flush=True)
    versions = sorted({each.version for job in found.values() for row in job.values() for each in row} - {""})
    say(f"It took {(time.monotonic() - begun) / 60:.1f} minutes.")
    output = asked.output or (None if asked.jobs or asked.quick or asked.without else RESULTS)
    head = [
        "# lapinmq beside its peers",
        "",
        "Written by `make bench`.",
        "",
        *machine.lines(broker, versions, load),
        "",
    ]
    print("\n".join(head))
    if output:
        output.parent.mkdir(exist_ok=True)
        output.write_text("\n".join([*head, *lines]), encoding="utf-8")
        raw = {job: {row: [asdict(r) for r in each] for row, each in rows.items()} for job, rows in found.items()}
        output.with_suffix(".json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        say(f"Written: {output}")


def _chosen(names: list[str]) -> list[Job]:
    jobs = {job.name: job for job in every()}
    unknown = set(names) - set(jobs)
    if unknown:
        sys.exit(f"there is no job {', '.join(sorted(unknown))}; there are {', '.join(jobs)}")
    return [jobs[name] for name in names or jobs]


def _run(job: Job, broker: Broker, asked: argparse.Namespace) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {row: [] for row in job.rows}
    for row, trial in job.turns(1 if asked.quick else asked.rounds):
        if trial.client in asked.without.split(","):
            continue
        try:
            result = measure(trial.of(QUICK) if asked.quick else trial, broker)
        except Failed as reason:
            say(f"{job.name}: {row}: {reason}")
            continue
        results[row].append(result)
        say(f"{job.name}: {row}: {result.rate:,.0f}/s")
    return results


if __name__ == "__main__":
    main()
