"""A student's script that runs on a tap: what it prints, and what it does at the broker, whatever it prints."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from waiting import lessons

from brokers.tap import Tap
from brokers.traffic import Delivery, Publication, deliveries, publications

QUIET_SECONDS = 6
"""How long a script may do nothing at all, neither compute nor print nor talk to the broker, before it is given up.

That is no limit on time, since a slow machine is not the script's mistake; the lessons sleep for 2 s at most.
"""

SECONDS = 40
"""How long a script that is busy may take for what it does in half a second."""


class Line(NamedTuple):
    """One line of output, and when it was read, by time.monotonic()."""

    at: float
    text: str


class Script:
    """A script of the folder `work` that runs, with the tap in the broker's place.

    A thread reads what it prints, into `lines`. After `room` bytes that thread reads no more until `read_on()`, so
    that the script waits in the middle of a long print.
    """

    def __init__(self, tap: Tap, work: Path, name: str, *words: str, room: int | None = None) -> None:
        self.tap, self.name, self.lines = tap, name, list[Line]()
        self._room, self._more, self._begun = room, threading.Event(), b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        environment = lessons(work, RABBITMQ_PORT=str(tap.port), PYTHONUNBUFFERED="1")
        self.vhost = environment["RABBITMQ_VHOST"]
        self.process = subprocess.Popen(
            [sys.executable, name, *words], cwd=work, env=environment, bufsize=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self._used = psutil.Process(self.process.pid)
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    @property
    def texts(self) -> list[str]:
        """Return the lines so far."""
        return [line.text for line in list(self.lines)]

    @property
    def waits_in_print(self) -> bool:
        """Return whether it has printed more than there is `room` for."""
        return self._room == 0

    @property
    def deliveries(self) -> list[Delivery]:
        """Return the messages that it was handed."""
        return deliveries(self.tap.seen)

    @property
    def publications(self) -> list[Publication]:
        """Return the messages that it published."""
        return publications(self.tap.seen)

    @property
    def status(self) -> int | None:
        """Return its exit status, None while it runs or something is left to read."""
        return None if self._reader.is_alive() else self.process.wait()

    @property
    def errors(self) -> str:
        """Return what it wrote to its error output."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="backslashreplace")

    @property
    def last_words(self) -> str:
        """Return the last line of its error output, in brackets, or nothing."""
        lines = self.errors.strip().splitlines()
        return f" ({lines[-1]})" if lines else ""

    def comes_to(self, look: Callable[[], object], seconds: float = SECONDS) -> bool:
        """Block until look() is true; return whether it became so, before the script ended or did nothing any more."""
        deadline, quiet, before = time.monotonic() + seconds, 0.0, self._signs()
        while not look():
            now, signs = time.monotonic(), self._signs()
            if signs != before or not quiet:
                quiet, before = now + QUIET_SECONDS, signs
            if self.status is not None or now > min(deadline, quiet):
                return bool(look())
            time.sleep(0.02)
        return True

    def ends(self, seconds: float = SECONDS) -> bool:
        """Block until it has ended; return whether it did in that time."""
        self.comes_to(lambda: self.status is not None, seconds)
        return self.status is not None

    def read_on(self) -> None:
        """Read all that it prints."""
        self._room = None
        self._more.set()

    def close(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.read_on()
        self._reader.join()
        self.process.wait()
        self._errors.close()

    def _signs(self) -> tuple[object, ...]:
        """Return what changes while it does something."""
        with suppress(psutil.Error):
            return len(self.tap.seen), len(self.lines), self._used.cpu_times()
        return ()  # it has ended

    def _read(self) -> None:
        stream = self.process.stdout
        while chunk := stream.read(4096 if self._room is None else self._room):
            *whole, self._begun = (self._begun + chunk).split(b"\n")
            for line in whole:
                self.lines.append(Line(time.monotonic(), line.decode(errors="backslashreplace").rstrip("\r")))
            if self._room is not None:
                self._room = max(0, self._room - len(chunk))
                if not self._room:
                    self._more.wait()
        if self._begun:
            self.lines.append(Line(time.monotonic(), self._begun.decode(errors="backslashreplace")))
        stream.close()
