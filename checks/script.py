"""A Script: one run of a student's file, in a process group of its own, with what it prints and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import psutil

from checks import apart
from checks.warden import MARK, Limits, Ward, Warden


class Line(NamedTuple):
    """A line of its standard output, and when it came, on time.monotonic's clock."""

    at: float
    text: str


READ_SECONDS = 3
"""How long a reader may take on a busy machine; a child that outlives its script may hold the pipe open."""


class Script:
    """A running, or ended, Python script. Two threads read what it prints; all else is for the thread of the check."""

    def __init__(
        self, file: Path, arguments: Sequence[str], environment: Mapping[str, str], warden: Warden, limits: Limits
    ) -> None:
        """Start it in its folder."""
        self.name, self.limits = file.name, limits
        self.lines: list[Line] = []
        self.error_lines: list[str] = []
        self.exceeded = ""
        """Why it was ended, if it took too much."""
        mark = uuid.uuid4().hex
        flags: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [*apart.command(limits), sys.executable, str(file), *arguments],
            cwd=file.parent, env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **flags,
        )  # fmt: skip
        self._ward = Ward(self.process.pid, mark, limits, self._exceed, file.parent, _created(self.process.pid))
        self._warden = warden
        warden.watch(self._ward)
        self._readers = [
            threading.Thread(target=self._read, args=(stream, out), name="reader", daemon=True)
            for stream, out in ((self.process.stdout, True), (self.process.stderr, False))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def output(self) -> list[str]:
        """Return the lines that it has printed so far."""
        return [line.text for line in list(self.lines)]

    @property
    def errors(self) -> list[str]:
        """Return the lines on its standard error so far."""
        return list(self.error_lines)

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.process.poll() is not None

    @property
    def status(self) -> int | None:
        """Return its exit status, below zero when a signal ended it, None while it runs."""
        status = self.process.poll()
        return 128 - status if status and status > 128 and self.limits.apart else status  # as the shell tells it

    def wait(self, seconds: float) -> bool:
        """Return whether it ended within so many seconds; what it printed is then complete."""
        try:
            self.process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        self.read()
        return True

    def read(self) -> None:
        """Block until all that an ended script printed is read; return at once while it runs."""
        for reader in self._readers if self.ended else []:
            reader.join(READ_SECONDS)

    def interrupt(self) -> None:
        """Press Ctrl+C. On Windows, where only a console can do that, terminate it."""
        if os.name == "posix":
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGINT)
        else:
            self.process.terminate()

    def kill(self) -> None:
        """End it, and all that it started, as kill -9 does. Blocks until it is gone; twice does no harm."""
        self._warden.release(self._ward)
        with suppress(OSError):
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(1)

    def _exceed(self, what: str) -> None:
        self.exceeded = self.exceeded or what

    def _read(self, stream: IO[bytes], out: bool) -> None:
        size = count = 0
        rest = b""
        with suppress(OSError, ValueError), stream:
            while chunk := os.read(stream.fileno(), 65536):
                *whole, rest = (rest + chunk).split(b"\n")
                size, count = size + len(chunk), count + len(whole)
                if size > self.limits.output or count > self.limits.lines:
                    self._exceed(f"it printed more than {self.limits.output >> 20} MB, or {self.limits.lines} lines")
                    self._warden.release(self._ward)
                    return
                self._take(whole, out)
        if rest:
            self._take([rest], out)

    def _take(self, lines: list[bytes], out: bool) -> None:
        now = time.monotonic()
        for line in lines:
            text = line.decode(errors="backslashreplace").rstrip("\r")
            if out:
                self.lines.append(Line(now, text))
            else:
                self.error_lines.append(text)


def _created(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:  # it has ended already
        return time.time()
