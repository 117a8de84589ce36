"""Waiting with a deadline, in the place of sleep: until something is seen, and until a Python script has ended."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


BUSY = 5
"""How many times as long a busy machine may take as a quiet one. Only a test that fails waits so long."""


def until(look: Callable[[], object], wanted: object = True, seconds: float = 10) -> None:
    """Block until look() returns what is wanted; raise with what it last saw where that takes too long.

    `seconds` is what a quiet machine may take.
    """
    deadline = time.monotonic() + seconds * BUSY
    while (seen := look()) != wanted:
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: wanted {wanted!r}, last saw {seen!r}")
        time.sleep(0.02)


def run(work: Path, *words: object, seconds: float = 20, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script, found from the folder `work`, with that folder's rabbit.py, and return what it left."""
    return subprocess.run(
        [sys.executable, *(word if isinstance(word, bytes) else str(word) for word in words)],
        cwd=work, env=lessons(work, **environment), timeout=seconds * BUSY, check=False, capture_output=True,
        encoding="utf-8",
    )  # fmt: skip


REFERENCE = 0.02
"""Seconds within which a quiet machine starts an empty Python."""


class Stopwatch:
    """Measures how long something takes, in seconds of a quiet machine.

    It starts when it is made. What it compares with is measured in the same run.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def elapsed(self) -> float:
        """Return the seconds since the start, as the clock has them."""
        return time.monotonic() - self._begun

    def seconds(self) -> float:
        """Return the seconds since the start, divided by how many times slower than a quiet one this machine is."""
        took = self.elapsed()
        return took / max(slowness() for _ in range(3))


class Pace(threading.Thread):
    """Measures once a second, until end(), how many times slower than a quiet one the machine is: `slowest` at most."""

    def __init__(self) -> None:
        super().__init__(name="pace", daemon=True)
        self.slowest, self._over = 1.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(1):
            self.slowest = max(self.slowest, slowness())

    def end(self) -> None:
        """Measure no more."""
        self._over.set()
        self.join()


def slowness() -> float:
    """Return how many times slower than a quiet machine this one starts an empty Python now, at least 1."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
    return max(1.0, (time.monotonic() - begun) / REFERENCE)


def lessons(work: Path, **environment: str) -> dict[str, str]:
    """Return the environment, changed as told, in which scripts of any folder import the rabbit.py of `work`."""
    paths = os.pathsep.join([str(work), str(ROOT)])
    return {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", **environment}
