"""How a run is asked to end: by stop(), by Ctrl+C or by SIGTERM. A second Ctrl+C ends it at once.

The signals are taken while there are runs in the main thread, and told to all of them, since one may be inside another.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_live: "list[Ending]" = []
_before: dict[int, Any] = {}


class Interrupted(BaseException):
    """Ctrl+C or SIGTERM came while there was nothing yet to be finished."""


class Ending:
    """For `with`, takes the signals in the main thread; in another there are none to take."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.stopped = threading.Event()
        self.signalled = self.at_once = self.abrupt = False

    def __enter__(self) -> "Ending":
        if threading.current_thread() is threading.main_thread():
            _live.append(self)
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not _take:
                    _before[number] = signal.signal(number, _take)
        return self

    def __exit__(self, *_: object) -> None:
        if self in _live:
            _live.remove(self)
        if not _live and threading.current_thread() is threading.main_thread():
            for number, before in _before.items():
                if signal.getsignal(number) is _take:  # what others have set meanwhile stays
                    signal.signal(number, before)

    def abruptly(self, function: Callable[[], T]) -> T | None:
        """Return what the function gives, None where a signal cuts it short."""
        try:
            self.abrupt = True
            found = function()
            self.abrupt = False
        except Interrupted:
            return None
        finally:
            self.abrupt = False
        return found


def _take(number: int, frame: FrameType | None) -> None:
    # Nothing but flags: a lock that the interrupted thread holds would never be free here.
    if not _live:
        _pass_on(number, frame)
    again = any(each.signalled for each in _live)
    for each in _live:
        each.signalled = True
    if any(each.abrupt for each in _live):
        raise Interrupted
    if again and number == signal.SIGINT:
        for each in _live:
            each.at_once = True
        raise KeyboardInterrupt


def _pass_on(number: int, frame: FrameType | None) -> None:
    """Do what the signal did before, where the last run ended in a thread that could not set that again."""
    before = _before.get(number)
    signal.signal(number, before)
    if callable(before):
        before(number, frame)
    else:
        signal.raise_signal(number)
