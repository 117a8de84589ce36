"""The journal of exercises/work.py: when which work began and was done. A student's script can write anything there."""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MOST_BYTES = 1 << 20


class Noted(NamedTuple):
    """One line: `what` is begin or done; `at` is time.monotonic()."""

    at: float
    what: str
    message: str


def read(path: Path) -> list[Noted]:
    """Return its lines; none where there is no such file, or it is a link, a pipe, or a device."""
    found = []
    for line in _text(path).splitlines():
        with suppress(ValueError, TypeError):
            at, what, message = json.loads(line)
            if isinstance(at, float) and isinstance(what, str) and isinstance(message, str):
                found.append(Noted(at, what, message))
    return found


def _text(path: Path) -> str:
    """Read at most MOST_BYTES, and never wait: what opens as a pipe or a device could hold the check for ever."""
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(number, "rb") as file:
            if stat.S_ISREG(os.fstat(number).st_mode):
                return file.read(MOST_BYTES).decode(errors="replace")
    return ""
