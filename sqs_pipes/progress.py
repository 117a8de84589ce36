"""The line at the foot of a terminal: how many are done, in flight and waiting."""

import os
import sys
import threading
import time
from collections.abc import Callable

from sqs_pipes.errors import PipesError

SECONDS, WAITING_SECONDS = 1, 10
"""Between two lines; between two looks at the queue, each of which is a request."""


def wanted(asked: bool | None) -> bool:
    """Return whether to show it: as asked, else where standard error is a terminal that can."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" if asked is None else asked


class Progress:
    """Shows the line until it is closed."""

    def __init__(self, name: str, counts: Callable[[], tuple[int, int]], waiting: Callable[[], int] | None) -> None:
        """Set up; `counts` gives done and in flight, `waiting` asks the queue."""
        self._name, self._counts, self._ask = name, counts, waiting
        self._waiting, self._asked_at = "", float("-inf")
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} progress", daemon=True)

    def start(self) -> None:
        """Show it."""
        self._thread.start()

    def close(self) -> None:
        """Remove the line."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(SECONDS)

    def _run(self) -> None:
        before, at = self._counts()[0], time.monotonic()
        while not self._closed.wait(SECONDS):
            done, now = self._counts()[0], time.monotonic()
            self._show(self._line((done - before) / (now - at)))
            before, at = done, now
        self._show("")

    def _line(self, rate: float) -> str:
        if self._ask and time.monotonic() - self._asked_at > WAITING_SECONDS:
            self._asked_at = time.monotonic()
            try:
                self._waiting = f", {self._ask():,} waiting"
            except PipesError:
                self._waiting = ", waiting unknown"
        done, flying = self._counts()
        return f"{self._name}: {done:,} done, {flying:,} in flight{self._waiting}, {rate:,.1f} messages/s"

    def _show(self, line: str) -> None:
        # Written over by the next print: the cursor is left at the line's beginning.
        sys.stderr.write(f"\r\x1b[K{line}\r")
        sys.stderr.flush()
