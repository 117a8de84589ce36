"""Ctrl+C and SIGTERM during a run: the first asks it to end, the second Ctrl+C ends it at once."""

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """For `with`, takes the signals in the main thread; in another there are none to take."""

    def __init__(self) -> None:
        """Take none yet."""
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, before in self._before.items():
                signal.signal(number, before)

    def _take(self, number: int, _: FrameType | None) -> None:
        # Nothing but a flag: a lock that the interrupted thread holds would never be free here.
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
