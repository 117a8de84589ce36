"""Measure sqs_pipes beside its peers: python -m benchmarks.sqs [JOB ...] [--quick] [--rounds N] [--output FILE]."""

import sys
from importlib.metadata import version

from benchmarks import machine, peers
from benchmarks.run import Run, asked
from benchmarks.sqs.jobs import every
from benchmarks.sqs.trial import measure
from endings import end_as_by_ctrl_c

RESULTS = peers.FOLDER / "results" / "sqs_pipes.md"


def main() -> None:
    """Run the jobs, each trial on an emulator of its own; a full run writes the results, another prints them only."""
    words = asked("benchmarks.sqs", __doc__, every())
    end_as_by_ctrl_c()
    try:
        peers.prepare()
    except peers.NoPeers as reason:
        sys.exit(str(reason))
    run = Run(words, measure)
    run.play(every())
    server = f"ministack {version('ministack')}, over loopback, started anew for each trial"
    about = machine.beside("SQS", server, run.versions, run.load)
    run.write(["# sqs_pipes beside its peers", "", "Written by `make bench`.", "", *about, ""], RESULTS)


if __name__ == "__main__":
    main()
