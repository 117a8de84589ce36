"""The deliveries of one channel that are not acknowledged yet.

Delivery tags belong to one channel, so that a channel that is opened again begins a ledger of its own, and what is
acknowledged in an old one is let go: the broker delivers those messages again.
"""

import threading
from collections import deque
from collections.abc import Callable

from lapinmq import frames


class Ledger:
    """Which deliveries may still be settled, which are begun, and the frames to send. Any thread, but for `frames`."""

    def __init__(self, channel: int, gather: bool, wake: Callable[[], None]) -> None:
        self.channel, self._gather, self._wake = channel, gather, wake
        self._closed = self._paused = False
        self._lock = threading.Lock()
        self._unclaimed: set[int] = set()
        self._unsettled: set[int] = set()  # delivered, and not yet in a frame
        self._begun: set[int] = set()
        self._settled: deque[tuple[int, bytes]] = deque()
        self._done: set[int] = set()  # settled out of order
        self._next = 1  # all tags below are settled

    def deliver(self, tag: int) -> None:
        """Enter a delivery."""
        self._unclaimed.add(tag)

    def begin(self, tag: int) -> bool:
        """Note that its task begins; return whether it may."""
        with self._lock:
            if self._paused or tag not in self._unclaimed:
                return False
            self._begun.add(tag)
            return True

    def claim(self, tag: int) -> bool:
        """Return True for the first to settle this delivery, whoever comes second gets False."""
        try:
            self._unclaimed.remove(tag)
        except KeyError:
            return False
        return not self._closed

    def reopen(self, tag: int) -> None:
        """Let a delivery that was claimed be begun and settled once more."""
        with self._lock:
            self._begun.discard(tag)
            self._unclaimed.add(tag)
            paused = self._paused
        if paused:
            self.give_back(tag)
        self._wake()

    def ack(self, tag: int) -> None:
        """Acknowledge a claimed delivery."""
        self._settle(tag, b"")

    def reject(self, tag: int, requeue: bool) -> None:
        """Give a claimed delivery back to its queue, or away from it."""
        self._settle(tag, frames.reject(self.channel, tag, requeue))

    def pause(self) -> None:
        """Begin no more, and put what nobody has begun back on its queue."""
        with self._lock:
            self._paused = True
            unbegun = sorted(self._unclaimed - self._begun)
        for tag in unbegun:
            self.give_back(tag)

    def give_back(self, tag: int) -> None:
        """Put a delivery that nobody has begun back on its queue."""
        if self.claim(tag):
            self._settle(tag, frames.nack(self.channel, tag))

    def close(self) -> None:
        """Take note that the channel is gone, or going: what is settled from here on is let go."""
        with self._lock:
            self._closed = self._paused = True
            self._unclaimed.clear()
            self._begun.clear()

    @property
    def busy(self) -> int:
        """How many deliveries are begun and not settled."""
        return len(self._begun)

    def _settle(self, tag: int, frame: bytes) -> None:
        self._settled.append((tag, frame))
        self._wake()

    def frames(self) -> bytes:
        """Return what tells the broker of all that was settled since the last call. In the I/O thread only."""
        if self._closed:  # its tags are another channel's now
            return b""
        settled = [self._settled.popleft() for _ in range(len(self._settled))]
        self._begun.difference_update([tag for tag, _ in settled])
        if self._gather:
            return self._gathered(settled)
        return b"".join([frame or frames.ack(self.channel, tag) for tag, frame in settled])

    def _gathered(self, settled: list[tuple[int, bytes]]) -> bytes:
        """Acknowledge a gapless run from the first unsettled delivery on with one frame, the others one by one.

        The frame names the last of the run that is still out: the broker does not know one that it was told before.
        """
        refused = [frame for _, frame in settled if frame]  # first, since the run would acknowledge them
        acks = [tag for tag, frame in settled if not frame]
        self._done.update([tag for tag, _ in settled])
        while self._next in self._done:
            self._done.remove(self._next)
            self._next += 1
        run = [tag for tag in acks if tag < self._next]
        told = [frames.ack(self.channel, max(run), multiple=len(run) > 1)] if run else []
        return b"".join(refused + told + [frames.ack(self.channel, tag) for tag in acks if tag >= self._next])
