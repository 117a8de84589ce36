"""Play the faults of tests/faults on ours and on PyPI's lapinmq: python -m benchmarks.faults [CASE ...].

Both are processes of the same drivers, which use what both offer. The table goes to benchmarks/results/faults.md.
"""
# ruff: noqa: E402 - the cases stand beside their tests, which no package holds

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pika

from benchmarks import machine, peers
from brokers import finding
from brokers.broker import Broker
from brokers.container import Container
from brokers.management import Management
from brokers.node import Node
from endings import end_as_by_ctrl_c

sys.path[:0] = [str(peers.ROOT / "tests"), str(peers.ROOT / "tests" / "faults")]

import lapinmq_faults as faults
import lapinmq_uses as uses
from cluster import Cluster
from lapinmq_client import OURS, Client
from lapinmq_load import Result
from lapinmq_stage import Stage
from lapinmq_uses import Used

RESULTS = peers.FOLDER / "results" / "faults.md"
THEIRS = Client("lapinmq 0.1.1", str(peers.BENCH / "bin" / "python"))
HEARTBEAT = 2
"""Seconds; set in the broker, since PyPI's lapinmq has no setting of its own for it."""

BOTH_KINDS = ("stop_after_sends", "stop_twice", "stop_before_start", "invalid_bodies", "eight_threads", "fork")
NO_KIND = ("stop_in_task", "stop_in_callback", "long_task", "sigterm_before_wait", "cycles")
"""The uses of driver_calls.py that are played with each kind of publisher, and those without."""

HEAD = """# The faults, ours beside PyPI's lapinmq

Written by `python -m benchmarks.faults`. Each case is played on both by the same drivers, `tests/faults/driver_*.py`.
The faults strike under load: a publisher of 2,000 messages and more, and a consumer. The async publisher's consumer
works and acknowledges; the sync one's sends each message on to another queue with an async publisher, and acknowledges
in its ack callback.

- *attempted*: given to `send_message_to_queue`
- *confirmed*: an ack callback was called (async), or the call returned (sync)
- *stored*: arrived, or still on a queue; *lost*: confirmed and not stored
- *duplicated*: arrived once more; ours are all told by `redelivered` or `message_id`
- *not told*: neither confirmed nor refused
- *recovered*: seconds in which no confirm came or nothing arrived; for a broker, those from its first answer on
"""
COLUMNS = "| case | | attempted | confirmed | stored | lost | duplicated | not told | recovered s | how it ended |"
RULE = "|---|---" + "|---:" * 7 + "|---|"


class Row(NamedTuple):
    """A line of the table."""

    client: str
    result: Result
    recovers: bool = True
    note: str = ""

    def line(self) -> str:
        """Return it in Markdown."""
        r = self.result
        recovered = "" if not self.recovers else "never" if r.recovered is None else f"{r.recovered:.1f}"
        figures = (f"{n:,}" for n in (r.attempted, r.confirmed, r.stored, r.lost, r.duplicated, r.unsettled))
        ended = "; ".join(filter(None, [r.ended, self.note])) or "as asked"
        return f"| {r.case} | {self.client} | {' | '.join(figures)} | {recovered} | {ended} |"


Case = Callable[[Stage], list[Row]]


def main() -> None:
    """Play all cases, or those asked for, on both; write the table when all were."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="such as killed_broker; by default all")
    asked = parser.parse_args().cases
    end_as_by_ctrl_c()
    peers.prepare()
    broker = finding.find(say)
    try:
        if not isinstance(broker, (Container, Node)):
            sys.exit("the faults need a broker that may be killed: unset RABBITMQ_HOST and RABBITMQ_URL")
        broker.wait()
        lines = list(_lines(broker, asked))
    finally:
        broker.end()
    if not asked:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
        say(f"Written: {RESULTS}")


def say(line: str) -> None:
    """Tell how it goes on, apart from the table."""
    print(line, file=sys.stderr, flush=True)


def _lines(broker: Broker, asked: list[str]) -> Iterator[str]:
    """Yield the table's lines, and print each when it is known."""
    yield from [*machine.lines(broker, ["lapinmq 0.1.1 of PyPI"]), "", COLUMNS, RULE]
    for name, case in _cases().items():
        for client in (OURS, THEIRS) if not asked or name in asked else ():
            for row in _played(broker, client, name, case):
                print(row.line(), flush=True)
                yield row.line()


def _played(broker: Broker, client: Client, name: str, case: Case) -> list[Row]:
    """Return what came of the case, on a broker without queues."""
    beat = 1 if name == "long_task" else HEARTBEAT
    broker.ctl("eval", f"application:set_env(rabbit, heartbeat, {beat}).")
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(broker, client, Path(folder), heartbeat=beat)
        try:
            return case(stage)
        finally:
            stage.close()
            _empty(broker)


def _empty(broker: Broker) -> None:
    with closing(pika.BlockingConnection(broker.parameters())) as connection:
        for queue in Management(broker).queues("/"):
            connection.channel().queue_delete(queue["name"])


def _cases() -> dict[str, Case]:
    """Return how each case is played."""
    loads = (
        faults.killed_broker, faults.stopped_broker, faults.closed_connections, faults.cut_link, faults.stalled_link,
        faults.refused_then_up, faults.frozen_broker, faults.memory_alarm, faults.deleted_queue,
        faults.acknowledgement_timeout, faults.full_queue, faults.killed_consumer, _killed_leader,
    )  # fmt: skip
    found: dict[str, Case] = {case.__name__.lstrip("_"): partial(_loaded, case) for case in loads}
    for name, kind in product(BOTH_KINDS, ("sync", "async")):
        found[f"{name}-{kind}"] = partial(_used, partial(uses.use, name=name, kind=kind))
    found |= {name: partial(_used, partial(uses.use, name=name)) for name in NO_KIND}
    for case in (uses.sigterm_during_work, uses.undecodable, uses.stale_acks):
        found[case.__name__] = partial(_used, case)
    return found


def _loaded(case: faults.Case, stage: Stage) -> list[Row]:
    return [Row(stage.client.name, result) for result in case(stage)]


def _killed_leader(stage: Stage) -> list[Result]:
    """kill -9 of the leader's node, in a cluster for this case."""
    cluster = Cluster(isinstance(stage.broker, Container))
    try:
        for member in cluster.members:
            member.ctl("eval", f"application:set_env(rabbit, heartbeat, {HEARTBEAT}).")
        stage.broker = cluster.members[0]
        results: list[Result] = faults.killed_leader(stage, cluster)
        return results
    finally:
        stage.close()
        cluster.end()


def _used(use: Callable[[Stage], Used], stage: Stage) -> list[Row]:
    used = use(stage)
    return [Row(stage.client.name, used.result, recovers=False, note=_note(used))]


def _note(used: Used) -> str:
    """Return what else the use told."""
    told = Counter(error.partition(" ")[0] for error in used.errors())
    notes = [f"{name} raised {count} times" for name, count in told.items()]
    notes += [f"{event.words[0]} accepted" for event in used.driver.events("accepted")]
    notes += [f"wait_for_sigterm: {event.words[0]}" for event in used.driver.events("waited")]
    if ends := used.driver.events("open"):
        notes.append(f"files and threads: {'/'.join(ends[0].words)} at first, {'/'.join(ends[-1].words)} at last")
    return "; ".join(notes)


if __name__ == "__main__":
    main()
