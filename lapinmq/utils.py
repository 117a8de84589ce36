"""Waiting for SIGTERM, by which Kubernetes, Docker and systemd ask a process to end."""

import signal
import threading
import time
from contextlib import suppress
from types import FrameType

STEP_SECONDS = 0.5
"""On Windows a wait holds signals back until it ends."""

_silence = threading.Lock()
"""Held until a signal came. A signal handler may release a lock at any time; setting an Event could deadlock, and
SimpleQueue.get() blocks without end if its thread loses the processor for longer than its timeout."""
_silence.acquire()


def catch_sigterm(sigint: bool = False) -> None:
    """Remember SIGTERM from here on, and SIGINT (Ctrl+C) with `sigint`, in the place of ending at once.

    Raises RuntimeError outside the main thread: Python lets only that one set signal handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("signals are for the main thread: call wait_for_sigterm() and catch_sigterm() there")
    for number in (signal.SIGTERM, signal.SIGINT) if sigint else (signal.SIGTERM,):
        signal.signal(number, _take)


def wait_for_sigterm(timeout: float | None = None, sigint: bool = False) -> bool:
    """Block until SIGTERM came, also one that came since catch_sigterm() or an earlier wait; return True.

    Returns False after `timeout` seconds. With `sigint` also Ctrl+C ends the wait. Raises RuntimeError outside the main
    thread.
    """
    catch_sigterm(sigint)
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = STEP_SECONDS if deadline is None else deadline - time.monotonic()
        if _silence.acquire(timeout=max(0, min(STEP_SECONDS, left))):
            _break_silence()  # for a later wait, too
            return True
        if left <= 0:
            return False


def _take(number: int, _: FrameType | None) -> None:
    _break_silence()


def _break_silence() -> None:
    with suppress(RuntimeError):  # it is released already
        _silence.release()
