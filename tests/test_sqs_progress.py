"""A run in a terminal shows a line of progress; elsewhere it writes nothing."""

import os
import sys
from pathlib import Path
from subprocess import run

import pexpect
import pytest
from conftest import ROOT
from sqs_plain import Plain

pytestmark = pytest.mark.ministack("another process uses it")

STAGE = """
import os, threading
from sqs_pipes import TaskClient
client = TaskClient(os.environ['DOMAIN'])
done = []

def work(value):
    threading.Event().wait(0.3)
    done.append(value)
    if len(done) == 8:
        client.stop()

client.register_tasks([{'method': str, 'name': 'make'}, {'method': work, 'workers': 2}])
client.run('work')
print('ended')
"""


@pytest.fixture
def environment(domain: str, plain_sqs: Plain) -> dict[str, str]:
    """What leads STAGE to a queue with eight messages."""
    plain_sqs.make(f"{domain}-make.fifo")
    plain_sqs.send(f"{domain}-make.fifo", *range(8))
    return {**os.environ, "DOMAIN": domain, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}


def test_in_a_terminal_it_tells_done_in_flight_waiting_and_the_rate(environment: dict[str, str]) -> None:
    terminal = pexpect.spawn(sys.executable, ["-c", STAGE], env=environment, timeout=90, dimensions=(24, 100))
    terminal.expect(rb"work: (\d+) done, (\d+) in flight, (\d+) waiting, ([\d.]+) messages/s")
    done, flying, waiting = (int(terminal.match[number]) for number in (1, 2, 3))
    assert done + flying <= 8
    assert waiting <= 8  # which it asks for every 10 s only
    assert flying > 0
    terminal.expect(b"ended")
    terminal.expect(pexpect.EOF)
    assert terminal.wait() == 0


@pytest.mark.parametrize("where", ["a pipe", "a dumb terminal"])
def test_elsewhere_it_tells_nothing(environment: dict[str, str], tmp_path: Path, where: str) -> None:
    if where == "a pipe":
        done = run([sys.executable, "-c", STAGE], env=environment, capture_output=True, timeout=90, check=True)
        assert (done.stdout, done.stderr) == (b"ended\n", b"")
    else:
        terminal = pexpect.spawn(sys.executable, ["-c", STAGE], env={**environment, "TERM": "dumb"}, timeout=90)
        assert terminal.read() == b"ended\r\n"
        terminal.wait()
