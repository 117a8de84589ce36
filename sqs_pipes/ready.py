"""The messages that wait in this process for a worker, and how many more the workers could use."""

import threading
from collections.abc import Iterable

from sqs_pipes.hand import Held
from sqs_pipes.sqs import BATCH

AHEAD_SECONDS = 0.5
"""The work that is fetched ahead, by what tasks took so far: what waits here is not at another process's disposal."""


class Ready:
    """They come out by priority, then in their order; of a message group one at a time. Any thread may use it."""

    def __init__(self, workers: int, stopped: threading.Event) -> None:
        """Begin empty. Once `stopped` is set, nothing more goes in or out; close() wakes who waits."""
        # What is received beside a message that fails comes nearer to the dead-letter queue, though nobody tried it.
        # So at first, and where messages come again, one at a time is fetched.
        self._careful = True
        self._waiting: list[Held] = []
        self._busy: set[str] = set()
        self._workers, self._idle, self._seconds, self._stopped = workers, 0, float("inf"), stopped
        self._called = False
        self.lock = threading.Lock()
        self._work = threading.Condition(self.lock)
        self.room = threading.Condition(self.lock)
        """Notified when there may be more room."""

    def put(self, held: list[Held]) -> list[Held]:
        """Add these; return those for which there is no room, the least important."""
        with self.lock:
            if self._stopped.is_set():
                return held
            self._waiting += held
            self._careful = any(each.message.receives > 1 for each in held)
            self._waiting.sort(key=lambda each: -each.level)  # stable: within a level the order stays
            keep = self._idle + BATCH
            surplus, self._waiting = self._waiting[keep:], self._waiting[:keep]
            self._call()
            return surplus

    def take(self) -> Held | None:
        """Return the next message. Blocks until there is one; returns None at the end."""
        with self.lock:
            found = self._next() or self._waited()
            self._call()
            if not self._waiting or self._waiting[0].message.group in self._busy:
                self._tell_room()
            return found

    def _waited(self) -> Held | None:
        self._idle += 1
        self._tell_room()
        while not (found := self._next()) and not self._stopped.is_set():
            self._work.wait()
            self._called = False
        self._idle -= 1
        return found

    def free(self, groups: Iterable[str]) -> None:
        """Let the next message of each of these groups be taken."""
        with self.lock:
            self._busy.difference_update(groups)
            self._call()
            self._tell_room()

    def _call(self) -> None:
        # One at a time, and who takes a message calls the next: the first may do all ten before the others are awake.
        if self._waiting and self._idle and not self._called:
            self._called = True
            self._work.notify()

    def forget(self, group: str) -> list[Held]:
        """Remove and return what waits of that group: what failed comes before it."""
        with self.lock:
            found = [each for each in self._waiting if group and each.message.group == group]
            self._waiting = [each for each in self._waiting if each not in found]
            self._careful = True
            self._tell_room()
            return found

    def blocked(self) -> bool:
        """Return whether all that wait here wait for one of their group to be settled."""
        with self.lock:
            return bool(self._waiting) and all(each.message.group in self._busy for each in self._waiting)

    def took(self, seconds: float) -> None:
        """Note how long a task took."""
        known = self._seconds != float("inf")
        self._seconds = 0.9 * self._seconds + 0.1 * seconds if known else seconds

    def wanted(self) -> int:
        """Return how many messages shall be fetched now, with the lock held: a whole batch, or what is idle."""
        ahead = min(BATCH, int(self._workers * AHEAD_SECONDS / max(self._seconds, 1e-3)))
        waiting = self._takable()
        room = min(self._idle + ahead - waiting, self._idle + BATCH - len(self._waiting), 1 if self._careful else BATCH)
        return max(0, room) if room == BATCH or not waiting else 0

    def _takable(self) -> int:
        """Return how many of those that wait could be taken now: one of a group, none of one that is under way."""
        groups = [each.message.group for each in self._waiting]
        return groups.count("") + len(set(groups) - self._busy - {""})

    def _tell_room(self) -> None:
        if self.wanted():
            self.room.notify_all()

    def close(self) -> None:
        """Wake who waits, for the end."""
        with self.lock:
            self._work.notify_all()
            self.room.notify_all()

    def left(self) -> list[Held]:
        """Remove and return what waits."""
        with self.lock:
            left, self._waiting = self._waiting, []
            return left

    def _next(self) -> Held | None:
        if self._stopped.is_set():
            return None
        for each in self._waiting:
            if each.message.group not in self._busy or not each.message.group:
                self._waiting.remove(each)
                if each.message.group:
                    self._busy.add(each.message.group)
                return each
        return None
