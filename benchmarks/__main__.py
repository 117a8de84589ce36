"""Measure lapinmq beside its peers: python -m benchmarks [JOB ...] [--quick] [--rounds N] [--output FILE]."""

import sys

from benchmarks import machine, peers
from benchmarks.jobs import every
from benchmarks.run import Run, asked, say
from benchmarks.trial import Trial, measure
from brokers import finding
from endings import end_as_by_ctrl_c

RESULTS = peers.FOLDER / "results" / "lapinmq.md"


def main() -> None:
    """Run the jobs on a broker of their own; a full run writes the results, another prints them only."""
    words = asked("benchmarks", __doc__, every())
    end_as_by_ctrl_c()
    try:
        peers.prepare()
        broker = finding.find(say)
    except (peers.NoPeers, finding.NoBroker) as reason:
        sys.exit(str(reason))
    try:
        broker.wait()
        run = Run[Trial](words, lambda trial: measure(trial, broker))
        run.play(every())
        about = machine.lines(broker, run.versions, run.load)
        run.write(["# lapinmq beside its peers", "", "Written by `make bench`.", "", *about, ""], RESULTS)
    finally:
        broker.end()


if __name__ == "__main__":
    main()
