"""A terminal in which one command at a time runs, read line by line: a real pty, or on Windows a pipe."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pexpect.popen_spawn

LINE_SECONDS = 60
"""How long a line or the end of a command may take; the slowest lesson prints every second."""

ROOT = Path(__file__).resolve().parent.parent

OURS = {"python": sys.executable, "broker.py": str(ROOT / "broker.py")}
"""What is ours in every folder: a student's has no broker.py."""

WINDOWS = os.name == "nt"


class Late(Exception):
    """Neither a line nor the end came in time."""


class Terminal:
    """Runs commands in `folder` with the environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        self.child: Any = None
        self.status: int | None = None

    def type(self, command: str) -> None:
        """Start the command. The one before must have ended."""
        words = [OURS.get(word, word) for word in shlex.split(command)]
        options: dict[str, Any] = {"cwd": str(self.folder), "encoding": "utf-8", "codec_errors": "backslashreplace"}
        self.status = None
        if WINDOWS:
            environment = {**self.environment, "PYTHONUNBUFFERED": "1"}
            self.child = pexpect.popen_spawn.PopenSpawn(words, env=environment, **options)
        else:
            with _uninterrupted():
                self.child = pexpect.spawn(words[0], words[1:], env=self.environment, dimensions=(50, 250), **options)

    def line(self, seconds: float = LINE_SECONDS) -> str | None:
        """Return the next line, None at the command's end. Blocks at most `seconds`, then raises Late."""
        if self.child is None:
            return None
        found = self.child.expect(["\r?\n", pexpect.EOF, pexpect.TIMEOUT], timeout=seconds)
        text = (self.child.before or "").removeprefix("^C")  # the pty's echo of Ctrl+C
        if found == 2:
            raise Late(f"nothing more within {seconds:g} s" + (f" but {text!r}" if text else ""))
        if found == 1 and not text:
            self._reap()
            return None
        return text

    def interrupt(self) -> None:
        """Press Ctrl+C."""
        if WINDOWS:  # a Ctrl+C event would reach this process too; the effect on the broker is the same
            self.child.proc.terminate()
        else:
            self.child.sendintr()

    def close(self) -> None:
        """End the command if it still runs, and give the pty back."""
        if self.child is not None:
            self.child.kill(signal.SIGTERM if WINDOWS else signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        self.child.wait()
        if not WINDOWS:
            self.child.ptyproc.delayafterclose = 0  # it would give the command time to end, which it has done
            self.child.close()
        self.status = self.child.exitstatus if self.child.signalstatus is None else -self.child.signalstatus
        self.child = None

    @property
    def busy(self) -> bool:
        """Return whether a command was typed whose end was not yet read."""
        return self.child is not None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl+C and SIGTERM off to the end: Python drops what a signal raises while it forks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])
