"""An emulator of SQS in a process of its own, which tells what was asked of it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil

from benchmarks import peers
from benchmarks.trial import Failed
from sqs_pipes.emulator import SETTINGS

START_SECONDS = 30
LOOK_SECONDS = 0.05
"""Between two looks; each costs the emulator about a millisecond."""


class Endpoint:
    """Runs from `with` to its end. One thread uses it."""

    def __enter__(self) -> "Endpoint":
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sqs.emulator"], cwd=peers.ROOT,
            env={**os.environ, **SETTINGS, "LOG_LEVEL": "WARNING", "GATEWAY_PORT": self.url.rsplit(":", 1)[1]},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_until(self._answers, "the emulator answers", START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()  # so that it removes its own file with its id
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that lead boto3 here, and to nobody's credentials."""
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        login = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
        return inherited | nowhere | login | {"AWS_ENDPOINT_URL_SQS": self.url}

    def fill(self, queue: str, count: int) -> None:
        """Put so many messages like its last one into a queue."""
        self._ask(f"?queue={queue}&count={count}")

    def requests(self, action: str = "", queue: str = "") -> int:
        """Return how many requests have arrived, of all kinds or of one, to all queues or to one."""
        told: dict[str, int] = self._ask()["requests"]
        return sum(count for name, count in told.items() if name.startswith(action) and name.endswith(queue))

    def cpu(self) -> float:
        """Return the CPU seconds that the emulator has used."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    def held(self) -> int:
        """Return how many messages there are in all queues, those in flight included."""
        return int(sum(self._ask()["held"].values()))

    def _ask(self, query: str = "") -> Any:
        with urllib.request.urlopen(f"{self.url}/benchmark{query}", timeout=10) as answer:
            return json.load(answer)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise Failed(f"the emulator ended with status {self._process.returncode}: {self._last_line()}")
        try:
            self._ask()
        except OSError:
            return False
        return True

    def _last_line(self) -> str:
        self._log.seek(0)
        return b"".join(self._log.read().splitlines()[-1:]).decode(errors="replace")


def wait_until(true: Callable[[], bool], what: str, seconds: float) -> None:
    """Block until it is true. Raise Failed after so many seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds:g} s in vain until {what}")
        time.sleep(LOOK_SECONDS)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
