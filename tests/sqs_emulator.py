"""An SQS for the tests: one ministack on a free port of 127.0.0.1, with an environment and a folder of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path

from waiting import until

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",  # there is nobody to ask for others
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What boto3 reads instead of this machine's own settings."""


def at(endpoint: str) -> dict[str, str]:
    """Return the variables that lead boto3 to an SQS."""
    return {**KEYS, "AWS_ENDPOINT_URL_SQS": endpoint}


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Emulator:
    """A ministack process; what it writes goes to a folder that `end` removes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._folder = tempfile.TemporaryDirectory(prefix="sqs-")
        self.log = Path(self._folder.name) / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ministack"], cwd=self._folder.name, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """Return what it needs, and nothing of ours: without MINISTACK_HOST queue URLs name the host that was asked."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        own = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "STATE_DIR", "S3_DATA_DIR"), self._folder.name)
        switched = {"SERVICES": "sqs", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "LOG_LEVEL": "WARNING"}
        unused = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere/docker.sock"}
        return kept | own | switched | unused

    def wait(self) -> None:
        """Block until it answers; raise with what it said where it does not."""
        try:
            until(self._answers, seconds=30)
        except AssertionError:
            raise RuntimeError(f"no ministack: {self.log.read_text(errors='replace')}") from None

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"ministack ended: {self.log.read_text(errors='replace')}")
        with suppress(OSError), urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
            return answer.status == 200
        return False

    def end(self) -> None:
        """End the process, and remove its folder."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:  # it waits for long polls
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()
