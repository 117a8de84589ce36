"""The demo's part of sqs_pipes: the words on an SQS of their own, which ends with the demo, however that ends."""

import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import ROOT
from waiting import until

import chapters.__main__ as demo
from chapters.playing import Mismatch, OrderlyPlayer, Show, same
from chapters.reading import Block, Chapter, Segment
from chapters.terminal import WINDOWS, Terminal
from sqs_pipes.emulator import Emulator

pytestmark = pytest.mark.skipif(WINDOWS, reason="there is no Ctrl+C for another process's terminal")


@pytest.fixture
def begun(terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in which the demo plays the words; other credentials and endpoints do not matter to it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    opened = terminal(ROOT)
    opened.type("python -m chapters sqs")
    return opened


def started(terminal: Terminal) -> list[psutil.Process]:
    """Return the processes that the demo has started so far."""
    return psutil.Process(terminal.child.pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_the_demo_pipes_words_through_three_terminals(begun: Terminal) -> None:
    shown = list(iter(begun.line, None))
    assert begun.status == 0, shown
    assert "sqs_pipes, 2. Words through three stages" in shown
    assert "Terminal 3 | zjtatugib" in shown
    assert "Terminal 2 | zjtatugib -> aui" in shown
    assert "Terminal 1 | zjtatugib -> 3" in shown
    assert any(line.startswith("1 chapter played in ") for line in shown)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["words count", "zjtatugib", "local status"])
def test_ctrl_c_ends_the_demo_and_all_that_it_started(begun: Terminal, moment: str) -> None:
    while moment not in (begun.line() or ""):
        assert begun.busy
    processes = started(begun)
    assert processes
    begun.interrupt()
    assert list(iter(begun.line, None))[-1] == "Stopped; what the demo started is ended."
    assert begun.status == 130
    until(lambda: all_gone(processes))


def test_a_demo_that_fails_says_so_and_ends_what_it_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pids: list[int] = []

    def fail(self: OrderlyPlayer, chapter: Chapter) -> None:
        endpoint = self.environment["AWS_ENDPOINT_URL_SQS"]
        pids.extend(p.pid for p in psutil.Process().children() if str(endpoint.rpartition(":")[2]) in _port(p))
        raise Mismatch("not as told")

    monkeypatch.setattr(OrderlyPlayer, "play", fail)
    monkeypatch.setattr(sys, "argv", ["chapters", "sqs"])
    assert demo.main() == 1
    assert "not as told" in capsys.readouterr().out
    assert len(pids) == 1
    assert not psutil.pid_exists(pids[0])


def _port(process: psutil.Process) -> str:
    try:
        return process.environ().get("GATEWAY_PORT", "")
    except psutil.ZombieProcess:  # of an earlier test, not yet waited for
        return ""


def test_an_emulator_that_cannot_start_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ministack", None)
    monkeypatch.setattr(sys, "argv", ["chapters", "sqs"])
    assert demo.main() == 1
    assert "ministack is not installed here" in capsys.readouterr().out.splitlines()[-1]


def test_words_may_come_in_any_order() -> None:
    assert same(["one -> oe", "two -> o"], ["two -> o", "one -> oe"])
    assert not same(["one -> oe", "two -> o"], ["two -> o", "one -> o"])


def status(lines: list[str], shown: list[str], seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a `status` that prints first one thing and then another."""
    monkeypatch.setattr("chapters.playing.SETTLING_SECONDS", seconds)
    monkeypatch.setattr(OrderlyPlayer, "_read", lambda *_: [lines.pop(0) if lines else "later"])
    monkeypatch.setattr(OrderlyPlayer, "_act", lambda *_: None)
    monkeypatch.setattr(Terminal, "status", 0, raising=False)
    show: Show = lambda _, line: shown.append(line)  # noqa: E731
    player = OrderlyPlayer(Path(), {}, show=show)
    segment = Segment(1, "python -m sqs_pipes.local status", output=["later"])
    player._play_segment(Terminal(Path(), {}), Block(1, [segment]), segment, ends=False)


def test_a_status_that_is_about_to_change_is_typed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    status(["sooner", "sooner"], [], 10, monkeypatch)


def test_a_status_that_stays_wrong_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Mismatch):
        status(["wrong"] * 3, [], 0, monkeypatch)


def test_an_emulator_leads_boto3_to_itself_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    emulator = Emulator({"pid": 1, "created": 0.0, "endpoint": "http://127.0.0.1:1"})
    found = {name: value for name, value in emulator.environment().items() if name.startswith("AWS_")}
    assert found == {
        "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
    }  # fmt: skip
