"""Play the faults of SQS on ours and on PyPI's sqspipes: python -m benchmarks.sqs_faults [CASE ...].

Both are processes of the same driver, which uses what both offer. The table goes to benchmarks/results/sqs_faults.md.
"""
# ruff: noqa: E402 - the cases stand beside their tests, which no package holds

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, peers
from endings import end_as_by_ctrl_c

sys.path[:0] = [str(peers.ROOT / "tests"), str(peers.ROOT / "tests" / "faults")]

import sqs_faults as faults
from lapinmq_client import Client
from sqs_emulator import at, emulator
from sqs_stage import OURS, PATIENCE, VISIBILITY, Result, Stage

from sqs_pipes.emulator import Emulator

RESULTS = peers.FOLDER / "results" / "sqs_faults.md"
THEIRS = Client("sqspipes 0.3.3", str(peers.BENCH / "bin" / "python"))

Case = Callable[[Stage], Result]
CASES: tuple[Case, ...] = (
    faults.killed_stage, faults.killed_between_send_and_delete, faults.sends_fail, faults.sends_reset,
    faults.answers_lost, faults.all_reset, faults.long_tasks, faults.always_raises, faults.too_large,
    faults.deleted_queue, faults.sent_twice, faults.ctrl_c, faults.unknown_key, faults.closed_port, faults.silent_port,
)  # fmt: skip

HEAD = f"""# The faults of SQS, ours beside PyPI's sqspipes

Written by `python -m benchmarks.sqs_faults`. Each case is played on both by the same driver,
`tests/faults/driver_sqs.py`: three tasks, the middle one in two processes of 16 workers and of 50 ms, where the case
does not say otherwise. Messages of a process that is gone stay hidden for {VISIBILITY} s with ours, which is set so
here (30 s by default), and for 120 s with sqspipes, which has no setting for it. Ours has `on_error='retry'`; sqspipes
has nothing of that kind. To import it on this Python, its driver gives `collections` the `Iterable` that it looks for.

- *attempted*: what the first task gave; *arrived*: what came out of the last one
- *kept*: put away as dead letters, to be put back; *queued*: still on a queue, since the next stage's processes ended
- *lost*: none of these within {PATIENCE} s
- *duplicated*: arrived once more; *done again*: the middle task was run once more for the same message
- *held up*: the longest time in seconds for which nothing arrived, from the fault on
"""
COLUMNS = "| case | | attempted | arrived | kept | queued | lost | duplicated | done again | held up s | how it ended |"
RULE = "|---|---" + "|---:" * 8 + "|---|"
LONGEST = 160
"""Characters of what is told of an end."""


class Row(NamedTuple):
    """A line of the table."""

    client: str
    result: Result

    def line(self) -> str:
        """Return it in Markdown."""
        r = self.result
        ended = _counted(r.ended.replace("|", " ")) if r.named is None else r.ended.replace("|", " ")
        if r.named is not None or not r.attempted:
            told = ended if r.named is None else f"after {r.named:.1f} s: {ended[:LONGEST]}"
            return f"| {r.case} | {self.client} |{' |' * 8} {told} |"
        figures = (f"{n:,}" for n in (r.attempted, r.arrived, r.kept, r.left, r.lost, r.duplicated, r.redone))
        return f"| {r.case} | {self.client} | {' | '.join(figures)} | {r.held_up:.1f} | {ended or 'as asked'} |"


def _counted(ended: str) -> str:
    """Return what is told of several processes, each once and with its number."""
    told = Counter(ended.split(", "))
    return ", ".join(f"{one} ({count})" if count > 1 else one for one, count in told.items())


def main() -> None:
    """Play all cases, or those asked for, on both; write the table when all were."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sqs_faults", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="such as killed_stage; by default all")
    asked = parser.parse_args().cases
    end_as_by_ctrl_c()
    peers.prepare()
    with emulator() as sqs:
        os.environ.update(at(sqs.endpoint))
        lines = list(_lines(sqs, asked))
    if not asked:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
        print(f"Written: {RESULTS}", file=sys.stderr, flush=True)


def _lines(emulator: Emulator, asked: list[str]) -> Iterator[str]:
    """Yield the table's lines, and print each when it is known."""
    server = f"ministack {version('ministack')}, over loopback"
    clients = ["sqspipes 0.3.3 of PyPI", f"boto3 {version('boto3')}"]
    yield from [*machine.beside("SQS", server, clients), "", COLUMNS, RULE]
    for case in CASES:
        for client in (OURS, THEIRS) if not asked or case.__name__ in asked else ():
            row = Row(client.name, _played(emulator, client, case))
            print(row.line(), flush=True)
            yield row.line()


def _played(emulator: Emulator, client: Client, case: Case) -> Result:
    """Return what came of the case, in a domain of its own."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(emulator, client, Path(folder))
        try:
            return case(stage)
        finally:
            stage.close()


if __name__ == "__main__":
    main()
