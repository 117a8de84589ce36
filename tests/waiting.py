"""Waiting with a deadline, in the place of sleep: until something is seen, and until a Python script has ended."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def until(look: Callable[[], object], wanted: object = True, seconds: float = 10) -> None:
    """Block until look() returns what is wanted; raise with what it last saw where that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while (seen := look()) != wanted:
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: wanted {wanted!r}, last saw {seen!r}")
        time.sleep(0.02)


def run(work: Path, *words: object, seconds: float = 20, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script, found from the folder `work`, with that folder's rabbit.py, and return what it left."""
    return subprocess.run(
        [sys.executable, *(word if isinstance(word, bytes) else str(word) for word in words)],
        cwd=work, env=lessons(work, **environment), timeout=seconds, check=False, capture_output=True,
        encoding="utf-8",
    )  # fmt: skip


def lessons(work: Path, **environment: str) -> dict[str, str]:
    """Return the environment, changed as told, in which scripts of any folder import the rabbit.py of `work`."""
    paths = os.pathsep.join([str(work), str(ROOT)])
    return {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", **environment}
