"""How a run is asked to end: by stop(), by Ctrl+C or by SIGTERM. A second Ctrl+C ends it at once."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(BaseException):
    """Ctrl+C or SIGTERM came while there was nothing yet to be finished."""


class Ending:
    """For `with`, takes the signals in the main thread; in another there are none to take."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.stopped = threading.Event()
        self.signalled = self.at_once = False
        self._abrupt = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Ending":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, before in self._before.items():
                signal.signal(number, before)

    def abruptly(self, function: Callable[[], T]) -> T | None:
        """Return what the function gives, None where a signal cuts it short."""
        try:
            self._abrupt = True
            found = function()
            self._abrupt = False
        except Interrupted:
            return None
        finally:
            self._abrupt = False
        return found

    def _take(self, number: int, _: FrameType | None) -> None:
        # Nothing but a flag: a lock that the interrupted thread holds would never be free here.
        again, self.signalled = self.signalled, True
        if self._abrupt:
            raise Interrupted
        if again and number == signal.SIGINT:
            self.at_once = True
            raise KeyboardInterrupt
