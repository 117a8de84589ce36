"""How a lesson prints and ends: in whole lines; on Ctrl+C at once; on a BrokerError with its one line.

Importing it sets that up. It comes before pika, so that Ctrl+C while that is imported is served too.
"""

import signal
import sys
import threading
import time
import traceback
from io import TextIOWrapper
from types import TracebackType
from typing import NoReturn, Protocol, TextIO


class BrokerError(Exception):
    """Something about the broker or what it was asked to do. The text is one line that says what to type next."""


class NotText(BrokerError, TypeError):
    """What was given to publish is not text."""


class WorkError(BrokerError):
    """A consumer's work raised `__cause__`; the message went back to its queue."""


def end_as_by_ctrl_c() -> None:
    """Let SIGTERM, and SIGHUP of a closed window, raise KeyboardInterrupt, so that what was started is ended."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


class WholeLines(TextIOWrapper):
    """Standard output, line by line, also into a pipe; no character is unprintable.

    print() writes a text and its newline one after the other, so that lines of two threads could run into each other.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.buffer, stream.encoding, "backslashreplace", line_buffering=True)
        self._begun: dict[int, str] = {}  # by thread

    def write(self, text: str) -> int:
        thread = threading.get_ident()
        whole, newline, self._begun[thread] = (self._begun.get(thread, "") + text).rpartition("\n")
        super().write(whole + newline)
        return len(text)

    def flush(self) -> None:
        for thread in list(self._begun):  # also of threads that have ended
            super().write(self._begun.pop(thread, ""))
        super().flush()


class Stage(Protocol):
    """What wait() needs of a Consumer: the thread that its start() runs in, whether it failed, and a way to end it."""

    thread: threading.Thread | None
    failed: bool

    def stop(self) -> None: ...


def wait(*stages: Stage) -> NoReturn:
    """Block until all stages, each in a thread, have ended; then exit, with status 1 if one failed.

    The first that fails stops the others. It waits in steps, since on Windows a wait without end holds Ctrl+C back.
    """
    ended: list[Stage] = []
    while len(ended) < len(stages):
        time.sleep(0.1)
        ended = [stage for stage in stages if stage.thread and not stage.thread.is_alive()]
        if any(stage.failed for stage in ended):
            for stage in stages:
                stage.stop()
    sys.exit(int(any(stage.failed for stage in stages)))


def show(error: BaseException) -> None:
    """Print the error as a terminal should show it: a BrokerError is one line, below the traceback of its work."""
    if isinstance(error, WorkError) and not isinstance(error.__cause__, BrokerError):
        traceback.print_exception(error.__cause__)
    if isinstance(error, BrokerError) and not isinstance(error, NotText):
        print(error, file=sys.stderr, flush=True)
    else:
        traceback.print_exception(error)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if kind is KeyboardInterrupt:  # die of the signal, as shells expect; the broker takes back what is unacknowledged
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    show(error)


def _uncaught_in_thread(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is not None:
        show(raised.exc_value)


sys.excepthook = _uncaught
threading.excepthook = _uncaught_in_thread
if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, TextIOWrapper):  # not a test's, nor an IDE's
    sys.stdout, sys.stderr = WholeLines(sys.stdout), WholeLines(sys.stderr)
