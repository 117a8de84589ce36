"""What was started, written down when it was started, so that exactly that is ended later."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(__file__).resolve().parent.parent / ".broker"
END_SECONDS = 20
"""How long a process may take to end after SIGTERM before it is killed."""


def write(path: Path, entry: dict[str, Any]) -> None:
    """Write `entry` so that a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def read(path: Path) -> dict[str, Any]:
    """Return the entry at `path`, empty where there is none."""
    with suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}


def of_process(pid: int) -> dict[str, float]:
    """Return what tells this process from a later one with the same number."""
    return {"pid": pid, "created": psutil.Process(pid).create_time()}


def process(entry: dict[str, float]) -> psutil.Process | None:
    """Return the recorded process if it still runs, None if it ended or another one has its number now."""
    try:
        found = psutil.Process(int(entry["pid"]))
        same = abs(found.create_time() - entry["created"]) < 1 and found.status() != psutil.STATUS_ZOMBIE
        return found if same else None
    except (psutil.Error, KeyError):
        return None


def end(entry: dict[str, float]) -> None:
    """Ask the recorded process to end, and kill it if it does not. Blocks until it is gone."""
    found = process(entry)
    if found is not None:
        with suppress(psutil.NoSuchProcess):
            found.terminate()
    if not _gone(entry):
        kill(entry)


def kill(entry: dict[str, float]) -> None:
    """End the recorded process at once. Blocks until it is gone."""
    found = process(entry)
    if found is not None:
        with suppress(psutil.NoSuchProcess):
            found.kill()
    _gone(entry)


def _gone(entry: dict[str, float]) -> bool:
    """Wait for the process's end; psutil's own wait() waits for its parent to notice, too, which may take seconds."""
    deadline = time.monotonic() + END_SECONDS
    while process(entry) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
