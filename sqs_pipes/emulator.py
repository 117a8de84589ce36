"""The local emulator of SQS: ministack in a process of its own, on 127.0.0.1 only."""

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from sqs_pipes import record

START_SECONDS = 30
END_SECONDS = 3
"""Then it is killed: it would wait for long polls, and has nothing to lose."""
LOG = "ministack.log"

SETTINGS = {
    "SERVICES": "sqs", "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "USE_SSL": "0",
    "PERSIST_STATE": "0", "LOCALSTACK_PERSISTENCE": "0", "DOCKER_HOST": "unix:///nowhere/docker.sock",
}  # fmt: skip
"""So that it is SQS and nothing else: no listener but one, no files, and no hand on this machine's containers."""


class NoEmulator(Exception):
    """It cannot be started. The text says why and what to do, in one line."""


class Emulator:
    """A running one. Whoever launched it ends it: by end(), or as a context manager."""

    def __init__(self, entry: Mapping[str, Any], process: "subprocess.Popen[bytes] | None" = None) -> None:
        """Take over the one that `entry` describes by pid, created and endpoint."""
        self.entry, self.endpoint, self._process = dict(entry), str(entry["endpoint"]), process

    @classmethod
    def launch(cls, folder: Path, port: int = 0) -> "Emulator":
        """Start one, on a free port without `port`, its output in `folder`; raise NoEmulator. It may not answer yet."""
        if importlib.util.find_spec("ministack") is None:
            raise NoEmulator("ministack is not installed here; activate .venv, or type: pip install ministack")
        port = port or _free()
        if _taken(port):
            raise NoEmulator(
                f"port {port} of 127.0.0.1 is in use by another program; end that program, "
                f"or take another port: python -m sqs_pipes.local start --port {port + 1}"
            )
        process = _launched(folder, port)
        entry = {"pid": process.pid, "created": record.created(process.pid), "log": str(folder / LOG)}
        return cls({**entry, "endpoint": f"http://127.0.0.1:{port}"}, process)

    @property
    def port(self) -> int:
        """Return where on 127.0.0.1 it listens."""
        return int(self.endpoint.rsplit(":", 1)[1])

    def wait(self) -> None:
        """Block until it answers; raise NoEmulator, and end it, where it does not."""
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self._answers():
                if not record.runs(self.entry):
                    raise NoEmulator(f"ministack has ended; its last words are in {self.entry['log']}")
                if time.monotonic() > deadline:
                    raise NoEmulator(f"ministack does not answer within {START_SECONDS} s; see {self.entry['log']}")
                time.sleep(0.05)
        except BaseException:
            self.end()
            raise

    def environment(self) -> dict[str, str]:
        """Return this process's environment, in which boto3 finds this emulator and nothing else."""
        keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL_SQS": self.endpoint}
        return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | keys

    def end(self) -> None:
        """End exactly this process, its queues and messages with it. Blocks until it is gone; twice does no harm."""
        if record.runs(self.entry):
            process = psutil.Process(int(self.entry["pid"]))
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        if not self._gone():
            process.kill()
            self._gone()
        if self._process is not None:
            self._process.wait()

    def _gone(self) -> bool:
        """Wait for the end; psutil's own wait() would wait for its parent to notice, too."""
        deadline = time.monotonic() + END_SECONDS
        while record.runs(self.entry):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _answers(self) -> bool:
        link = http.client.HTTPConnection(self.endpoint.removeprefix("http://"), timeout=2)
        try:
            link.request("GET", "/_ministack/health")
            return b'"sqs"' in link.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()

    def __enter__(self) -> "Emulator":
        self.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()


def _launched(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start it in a session of its own: it is to outlive this terminal, and Ctrl+C in it."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))  # where it writes its process id
    environment = {**os.environ, **SETTINGS, **temporary, "GATEWAY_PORT": str(port)}
    flags: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **flags,
        )  # fmt: skip


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
