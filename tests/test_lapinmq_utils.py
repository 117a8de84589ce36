"""Waiting for SIGTERM, in real processes and in one's own."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT
from waiting import Stopwatch, lessons

from lapinmq.utils import catch_sigterm, wait_for_sigterm

Start = Callable[[str], "subprocess.Popen[str]"]
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


@pytest.fixture
def start() -> Iterator[Start]:
    """Run Python code in a process of its own; it is killed after the test if it has not ended."""
    begun: list[subprocess.Popen[str]] = []

    def run(code: str) -> "subprocess.Popen[str]":
        whole = f"from lapinmq.utils import catch_sigterm, wait_for_sigterm\n{code}"
        begun.append(subprocess.Popen([sys.executable, "-u", "-c", whole], env=lessons(ROOT), text=True, **PIPES))
        return begun[-1]

    yield run
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the signals back that a test took."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, what in before.items():
        signal.signal(number, what)


def left(process: "subprocess.Popen[str]") -> tuple[str, int]:
    """Return the rest of its output, and its status; fail where it does not end."""
    return process.communicate(timeout=60)[0], process.returncode


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_sigterm_during_the_wait_ends_it_at_once_with_true(start: Start) -> None:
    process = start("catch_sigterm(); print('ready'); print(wait_for_sigterm())")
    assert told(process) == "ready"
    watch = Stopwatch()
    process.send_signal(signal.SIGTERM)
    assert left(process) == ("True\n", 0)
    assert watch.seconds() < 2


def test_sigterm_before_the_wait_is_remembered_from_catch_sigterm_on(start: Start) -> None:
    process = start("catch_sigterm(); print('ready'); input(); print(wait_for_sigterm(), wait_for_sigterm(0))")
    assert told(process) == "ready"
    process.send_signal(signal.SIGTERM)
    process.stdin.write("\n")
    process.stdin.flush()
    assert left(process) == ("True True\n", 0)


def test_sigterm_between_two_waits_is_remembered_too(start: Start) -> None:
    process = start("print(wait_for_sigterm(0)); input(); print(wait_for_sigterm())")
    assert told(process) == "False"
    process.send_signal(signal.SIGTERM)
    process.stdin.write("\n")
    process.stdin.flush()
    assert left(process) == ("True\n", 0)


def test_importing_catches_nothing(start: Start) -> None:
    process = start("print('ready'); input()")
    assert told(process) == "ready"
    process.send_signal(signal.SIGTERM)
    assert left(process) == ("", -signal.SIGTERM)


def test_sigint_ends_the_wait_on_request(start: Start) -> None:
    process = start("catch_sigterm(sigint=True); print('ready'); print(wait_for_sigterm(sigint=True))")
    assert told(process) == "ready"
    process.send_signal(signal.SIGINT)
    assert left(process) == ("True\n", 0)


def test_sigint_is_a_keyboard_interrupt_otherwise(start: Start) -> None:
    process = start("catch_sigterm(); print('ready'); print(wait_for_sigterm())")
    assert told(process) == "ready"
    process.send_signal(signal.SIGINT)
    output, status = left(process)
    assert output.endswith("KeyboardInterrupt\n")
    assert status == -signal.SIGINT


def test_many_signals_are_as_one(start: Start) -> None:
    process = start("catch_sigterm(); print('ready'); input(); print(wait_for_sigterm(), wait_for_sigterm())")
    assert told(process) == "ready"
    for _ in range(20):
        process.send_signal(signal.SIGTERM)
    process.stdin.write("\n")
    process.stdin.flush()
    assert left(process) == ("True True\n", 0)


def test_sigterm_reaches_the_wait_while_another_thread_works(start: Start) -> None:
    work = "import threading; threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(int, 1)], daemon=True)"
    process = start(f"{work}.start(); catch_sigterm(); print('ready'); print(wait_for_sigterm())")
    assert told(process) == "ready"
    process.send_signal(signal.SIGTERM)
    assert left(process) == ("True\n", 0)


@pytest.mark.parametrize("timeout", [0, 0.2, 0.7])
def test_after_the_timeout_the_wait_ends_with_false(timeout: float) -> None:
    watch = Stopwatch()
    assert wait_for_sigterm(timeout) is False
    assert timeout <= watch.elapsed()
    assert watch.seconds() < timeout + 2


@pytest.mark.parametrize("call", [wait_for_sigterm, catch_sigterm])
def test_outside_the_main_thread_it_says_where_it_belongs(call: Callable[[], object]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match=r"main thread.*wait_for_sigterm"):
        pool.submit(call).result(60)
    assert signal.getsignal(signal.SIGTERM) is before
    assert threading.current_thread() is threading.main_thread()
