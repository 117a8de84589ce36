"""The processes of a fault's test: drivers that use a lapinmq, ours or another, and what they have told so far."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from waiting import Stopwatch

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
END_SECONDS = 60
"""How long a driver may take to end after it was asked to."""


@dataclass(frozen=True)
class Client:
    """A lapinmq: the interpreter that runs it, the folder it is imported from, and options that it knows."""

    name: str
    python: str
    path: str = ""
    options: dict[str, object] = field(default_factory=dict)


OURS = Client("ours", sys.executable, str(ROOT), {"retry_delay": 0.05})


class Event(NamedTuple):
    """What a driver told: what happened, when (on time.monotonic's clock), and to which message."""

    kind: str
    at: float
    words: list[str]


def met(look: Callable[[], object], seconds: float = 10) -> bool:
    """Block until look() is true; return whether it became so. `seconds` is what a quiet machine may take."""
    watch = Stopwatch()
    while not look():
        if watch.elapsed() > seconds and watch.seconds() > seconds:
            return False
        time.sleep(0.01)
    return True


class Driver:
    """A process that runs one of the scripts beside this file; it ends when its input is closed."""

    def __init__(self, client: Client, folder: Path, environment: dict[str, str], *words: object) -> None:
        name, *rest = (str(word) for word in words)
        stem = f"{name}-{len(list(folder.iterdir()))}"
        self.told, self.log = folder / f"{stem}.told", folder / f"{stem}.log"
        self.told.touch()
        self._file = self.told.open(encoding="utf-8")
        self._events: list[Event] = []
        self._part = ""
        added = {"PYTHONPATH": client.path, "TOLD": str(self.told), "OPTIONS": json.dumps(client.options)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [client.python, str(HERE / f"driver_{name}.py"), *rest],
                env=os.environ | environment | added, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip

    def events(self, kind: str) -> list[Event]:
        """Return what it told of this kind."""
        self._part += self._file.read()
        *lines, self._part = self._part.split("\n")
        for line in lines:
            told, at, *words = line.split(" ")
            self._events.append(Event(told, float(at), words))
        return [event for event in self._events if event.kind == kind]

    def count(self, kind: str) -> int:
        """Return how often it told this."""
        return len(self.events(kind))

    def reaches(self, kind: str, count: int = 1, seconds: float = 15) -> bool:
        """Block until it has told this so often; return False where it ends or takes longer than `seconds`."""
        met(lambda: self.count(kind) >= count or self.process.poll() is not None, seconds)
        return self.count(kind) >= count

    def goes_on(self, kind: str, count: int, seconds: float = 15) -> bool:
        """Block until it has told this so often from now on; return False where it ends or takes longer."""
        now = time.monotonic()

        def later() -> int:
            return sum(event.at > now for event in self.events(kind))

        met(lambda: later() >= count or self.process.poll() is not None, seconds)
        return later() >= count

    def ask_to_end(self) -> None:
        """Close its input."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()

    def end(self, seconds: float = END_SECONDS) -> str:
        """Block until it has ended as asked; kill it after `seconds`. Return how it ended: "" as it should."""
        self.ask_to_end()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return "hangs"
        return f"exit {status}" if status else ""

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it at once if it still runs, and close what it was read from."""
        self.ask_to_end()
        self.kill()
        self._file.close()
