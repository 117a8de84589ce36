"""A bounded line of things between threads. Any thread may use it."""

import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Buffer(Generic[T]):
    """First in, first out; `room` things at most, until it is closed."""

    def __init__(self, room: int) -> None:
        """Begin empty."""
        self._room, self._closed, self._hurry, self._enough = room, False, False, 1
        self._things: deque[T] = deque()
        self._blocked, self._called = 0, False
        lock = threading.Lock()
        self._filled, self._emptied = threading.Condition(lock), threading.Condition(lock)

    def put_all(self, things: Sequence[T]) -> None:
        """Append all of them. Blocks while it is full, and may then hold more than there is room for."""
        if things:
            self.put(things[0], rest=things[1:])

    def put(self, thing: T, hurry: bool = False, rest: Sequence[T] = ()) -> None:
        """Append. Blocks while it is full. `hurry` ends a taker's wait for more."""
        with self._filled:
            while len(self._things) >= self._room and not self._closed:
                self._blocked += 1
                self._emptied.wait(1)  # Windows delivers Ctrl+C only between two waits
                self._blocked -= 1
                self._called = False
            self._things.append(thing)
            self._things.extend(rest)
            self._call()
            self._hurry |= hurry
            if hurry or len(self._things) >= self._enough:  # a taker that waits for ten is not woken for each
                self._filled.notify()

    def _call(self) -> None:
        # One at a time, and who has put something calls the next: ten that wake together fight for one lock.
        if self._blocked and not self._called and len(self._things) < self._room:
            self._called = True
            self._emptied.notify()

    def take(self, most: int, linger: float = 0, timeout: float | None = None) -> list[T]:
        """Return up to `most` things, none at the end or after `timeout` seconds.

        Blocks until there is one, and then up to `linger` seconds for the rest.
        """
        with self._filled:
            self._filled.wait_for(lambda: self._things or self._closed, timeout)
            if self._things and linger:
                self._wait_for_more(most, time.monotonic() + linger)
            self._hurry = False
            taken = [self._things.popleft() for _ in range(min(most, len(self._things)))]
            self._call()
            return taken

    def _wait_for_more(self, most: int, until: float) -> None:
        self._enough = most
        while len(self._things) < most and not (self._hurry or self._closed) and time.monotonic() < until:
            self._filled.wait(max(0, until - time.monotonic()))
        self._enough = 1

    def hurry(self) -> None:
        """End the wait of takers for more."""
        with self._filled:
            self._hurry = True
            self._filled.notify_all()

    def unbound(self) -> None:
        """Let nobody wait for room any more."""
        with self._filled:
            self._room = sys.maxsize
            self._emptied.notify_all()

    def close(self) -> None:
        """Bound no more, and let takers end once it is empty."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()
            self._emptied.notify_all()

    @property
    def ended(self) -> bool:
        """Return whether it is closed and empty."""
        with self._filled:
            return self._closed and not self._things
