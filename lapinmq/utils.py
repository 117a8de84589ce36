"""Waiting for SIGTERM, by which Kubernetes, Docker and systemd ask a process to end."""

import signal
import threading
import time
from queue import Empty, SimpleQueue
from types import FrameType

STEP_SECONDS = 0.5
"""On Windows a wait holds signals back until it ends."""

_arrived: "SimpleQueue[int]" = SimpleQueue()  # its put may be called in a signal handler
_received: list[int] = []


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
    while not _received:
        left = STEP_SECONDS if deadline is None else deadline - time.monotonic()
        try:
            _received.append(_arrived.get(timeout=max(0, min(STEP_SECONDS, left))))
        except Empty:
            if left <= 0:
                return False
    return True


def _take(number: int, _: FrameType | None) -> None:
    _arrived.put(number)
