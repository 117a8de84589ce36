"""The line at the foot of a terminal: how many are done, in flight and waiting."""

import importlib.util
import os
import sys
import threading
import time
from collections.abc import Callable

from sqs_pipes.errors import PipesError

SECONDS, WAITING_SECONDS = 1, 10
"""Between two lines; between two looks at the queue, each of which is a request."""

_foot = threading.Lock()
"""Held by the run that has the line: a terminal has one foot, and a process may have several runs."""


def wanted(asked: bool | None) -> bool:
    """Return whether to show it: as asked, else in a terminal that can. Without rich there is none."""
    able = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return (able if asked is None else asked) and importlib.util.find_spec("rich") is not None


class Progress:
    """Shows the line until it is closed. One thread asks and draws; rich keeps it below what others print."""

    def __init__(self, name: str, counts: Callable[[], tuple[int, int]], waiting: Callable[[], int] | None) -> None:
        """Set up; `counts` gives done and in flight, `waiting` asks the queue."""
        from rich.console import Console  # noqa: PLC0415 - only who has a terminal waits for this import
        from rich.live import Live  # noqa: PLC0415

        self._name, self._counts, self._ask = name, counts, waiting
        self._waiting, self._asked_at = "", float("-inf")
        self._live = Live(
            f"{name}: begun",
            console=Console(stderr=True, markup=False, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} progress", daemon=True)

    def start(self) -> None:
        """Show it, if no other run of this process does."""
        if _foot.acquire(blocking=False):
            self._live.start()
            self._thread.start()

    def close(self) -> None:
        """Remove the line."""
        if self._thread.is_alive():
            self._closed.set()
            self._thread.join(SECONDS)
            self._live.stop()
            _foot.release()

    def _run(self) -> None:
        before, at = self._counts()[0], time.monotonic()
        while not self._closed.wait(SECONDS):
            done, now = self._counts()[0], time.monotonic()
            self._live.update(self._line((done - before) / (now - at)), refresh=True)
            before, at = done, now

    def _line(self, rate: float) -> str:
        if self._ask and time.monotonic() - self._asked_at > WAITING_SECONDS:
            self._asked_at = time.monotonic()
            try:
                self._waiting = f", {self._ask():,} waiting"
            except PipesError:
                self._waiting = ", waiting unknown"
        done, flying = self._counts()
        return f"{self._name}: {done:,} done, {flying:,} in flight{self._waiting}, {rate:,.1f} messages/s"
