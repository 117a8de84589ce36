"""`python -m sqs_pipes.local` starts an SQS for the lessons on this machine only, and ends exactly that."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from conftest import ROOT
from sqs_emulator import KEYS, free_port
from waiting import lessons, run, until

from chapters.reading import fences
from chapters.terminal import WINDOWS
from sqs_pipes import TaskClient, record
from sqs_pipes.emulator import Emulator, NoEmulator
from sqs_pipes.errors import NotAllowed

Local = Callable[..., "subprocess.CompletedProcess[str]"]
FINDS_IT = "The lessons find it: nothing more has to be set."
NOTHING = "Nothing to stop: no emulator that python -m sqs_pipes.local start started is running.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of this test's own for the record, and no credentials; what is recorded there is ended."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in KEYS.keys() - {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}:
        monkeypatch.setenv(name, KEYS[name])
    monkeypatch.setenv("SQS_PIPES_FOLDER", str(tmp_path / "sqs"))
    yield tmp_path / "sqs"
    if entry := record.read():
        Emulator(entry).end()


@pytest.fixture
def local(folder: Path) -> Local:
    """Run the command."""
    return lambda *words, **environment: run(ROOT, "-m", "sqs_pipes.local", *words, seconds=60, **environment)


def told() -> list[str]:
    """Return what the chapter says that `start` prints."""
    chapter = "## 1. An SQS on this machine"
    shown = [f for f in fences(ROOT / "sqs_pipes" / "README.md") if (f.chapter, f.info) == (chapter, "text")]
    return ["\n".join(fence.lines).replace("4566", "PORT") for fence in shown]


def listening(pid: int) -> set[tuple[str, int]]:
    """Return the addresses that a process listens on, over TCP or UDP."""
    found = psutil.Process(pid).net_connections("inet")
    return {(c.laddr.ip, c.laddr.port) for c in found if c.status in (psutil.CONN_LISTEN, psutil.CONN_NONE) and c.laddr}


def test_start_says_where_it_is_and_what_the_chapter_says(local: Local) -> None:
    port = free_port()
    begun = local("start", "--port", port)
    assert (begun.returncode, begun.stderr) == (0, "")
    assert begun.stdout.strip().replace(str(port), "PORT") == told()[0]
    again = local("start", "--port", port)
    assert again.stdout == f"SQS: http://127.0.0.1:{port}, running already\n{FINDS_IT}\n"


def test_with_credentials_start_says_what_has_to_be_set(local: Local) -> None:
    begun = local("start", "--port", port := free_port(), AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    shown = begun.stdout.strip().replace(str(port), "PORT").replace("  set ", "  export ")
    assert shown.splitlines()[1:] == told()[1].splitlines()


@pytest.mark.skipif(WINDOWS, reason="psutil sees no open files there")
def test_it_listens_on_this_machine_only_and_writes_into_its_folder_only(local: Local, folder: Path) -> None:
    port = free_port()
    local("start", "--port", port)
    entry = record.read()
    assert listening(int(entry["pid"])) == {("127.0.0.1", port)}
    opened = {Path(file.path).parent for file in psutil.Process(int(entry["pid"])).open_files()}
    assert opened <= {folder.resolve()}
    assert {path.name for path in folder.iterdir()} == {"emulator.json", "ministack.log", f"ministack-{port}.pid"}


def test_a_client_without_credentials_finds_it_and_status_shows_its_queues(local: Local) -> None:
    local("start", "--port", port := free_port())
    assert local("status").stdout.startswith(f"http://127.0.0.1:{port}: there are no queues yet.")
    client = TaskClient("shop")
    client.register_tasks([{"method": int, "name": "first"}, print])
    client.submit()
    other = TaskClient("shop2")
    other.register_tasks([{"method": int, "name": "first"}, print])
    other.submit()
    assert local("status", "shop").stdout.splitlines() == [
        "queue                  waiting  in flight",
        "shop-first--dead.fifo        0          0",
        "shop-first.fifo              1          0",
    ]
    assert len(local("status").stdout.splitlines()) == 5


def test_stop_ends_exactly_what_start_started(local: Local) -> None:
    local("start", "--port", port := free_port())
    pid = int(record.read()["pid"])
    ended = local("stop")
    assert ended.stdout == f"Stopped: http://127.0.0.1:{port}. Its queues and messages are gone.\n"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert local("stop").stdout == NOTHING
    with pytest.raises(NotAllowed, match=r"python -m sqs_pipes\.local start"):
        TaskClient("shop")


def test_another_process_of_the_recorded_number_is_left_alone(local: Local, folder: Path) -> None:
    folder.mkdir()
    record.write({"pid": os.getpid(), "created": 1.0, "endpoint": "http://127.0.0.1:1", "log": ""})
    assert local("stop").stdout == NOTHING
    assert record.recorded() is None


def test_after_it_was_killed_it_can_be_started_again(local: Local) -> None:
    local("start", "--port", port := free_port())
    psutil.Process(int(record.read()["pid"])).kill()
    until(record.recorded, None)
    status = local("status")
    assert (status.returncode, status.stderr.count("\n")) == (2, 1)
    assert "python -m sqs_pipes.local start" in status.stderr
    assert local("start", "--port", port).stdout.startswith(f"SQS: http://127.0.0.1:{port}, an emulator")


def test_a_port_that_is_taken_is_named_with_what_to_do(local: Local) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        begun = local("start", "--port", port)
    assert begun.returncode == 2
    assert begun.stderr.count("\n") == 1
    assert f"port {port} of 127.0.0.1 is in use" in begun.stderr
    assert f"python -m sqs_pipes.local start --port {port + 1}" in begun.stderr
    assert record.read() == {}


def test_the_port_may_come_from_ministacks_own_variable(local: Local) -> None:
    port = free_port()
    assert f"http://127.0.0.1:{port}," in local("start", GATEWAY_PORT=str(port)).stdout


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_a_port_that_cannot_be_is_named(local: Local, port: str) -> None:
    begun = local("start", f"--port={port}")
    assert begun.returncode == 2
    assert f"'{port}' is no port" in begun.stderr


def test_without_ministack_start_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ministack", None)
    with pytest.raises(NoEmulator, match="pip install ministack"):
        Emulator.launch(folder)


@pytest.mark.skipif(WINDOWS, reason="there is no SIGINT for another process")
def test_ctrl_c_while_it_waits_leaves_nothing(folder: Path) -> None:
    """The record is there as soon as the process is, so that nothing is left also where this is killed."""
    command = [sys.executable, "-m", "sqs_pipes.local", "start", "--port", str(free_port())]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    waiting = subprocess.Popen(command, cwd=ROOT, env=lessons(ROOT), **pipes)
    with waiting:
        until(lambda: bool(record.read()) or waiting.poll() is not None)
        entry = record.read()
        with suppress(ProcessLookupError):
            waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=90)
    if waiting.returncode:  # it was not done yet
        assert record.read() == {}
        assert not record.runs(entry)


def test_the_record_says_what_was_started(local: Local, folder: Path) -> None:
    local("start", "--port", port := free_port())
    entry = json.loads((folder / "emulator.json").read_text(encoding="utf-8"))
    assert set(entry) == {"pid", "created", "log", "endpoint"}
    assert entry["endpoint"] == record.recorded() == f"http://127.0.0.1:{port}"


def test_where_nothing_was_started_the_record_needs_no_psutil(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert record.recorded() is None
