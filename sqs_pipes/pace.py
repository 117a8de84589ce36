"""When the first task is run again: every `interval` seconds, so often as asked."""

import threading
import time

from sqs_pipes.task import Task


class Pace:
    """Any worker may ask for the next turn."""

    def __init__(self, task: Task, times: int | None, stopped: threading.Event) -> None:
        """Begin at once; `times` None is for ever."""
        self._task, self._left, self._stopped = task, times, stopped
        self._due = time.monotonic()
        self._lock = threading.Lock()

    def turn(self) -> bool:
        """Return True when it is time for a run, False at the end. Raise what the interval's function raises."""
        with self._lock:
            if self._left == 0 or self._stopped.wait(max(0, self._due - time.monotonic())):
                return False
            if self._left is not None:
                self._left -= 1
            self._due = time.monotonic() + self._task.seconds()
            return True
