"""A process that plays one part, and the talk with it."""

import contextlib
import json
import subprocess
import tempfile
import threading
from typing import Any

from benchmarks import peers
from benchmarks.clients.sqs_part import Part
from benchmarks.sqs.endpoint import Endpoint
from benchmarks.trial import Failed

SECONDS = 300
"""How long one may play before it is killed."""


class Player:
    """Runs from `with` to its end; one that is in the `with` has set up its stage, and waits."""

    def __init__(self, client: str, part: Part, endpoint: Endpoint) -> None:
        self.part, self._client, self._endpoint = part, client, endpoint

    def __enter__(self) -> "Player":
        environment = self._endpoint.environment | peers.own_path(self._client)
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [*peers.command(self._client), self.part.word()], cwd=peers.FOLDER, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip
        self._patience = threading.Timer(SECONDS, self._process.kill)
        self._patience.start()
        try:
            self._hear()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._patience.cancel()
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def go(self) -> dict[str, Any]:
        """Let it work; return what it tells at that moment."""
        return self._say("go")

    def look(self) -> dict[str, Any]:
        """Return what it has done so far."""
        return self._say("look")

    def _say(self, word: str) -> dict[str, Any]:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # then it tells nothing either, and why is in its errors
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()
        return dict(json.loads(self._hear()))

    def _hear(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line:
            return line
        status = self._process.wait()
        self._errors.seek(0)
        last = "".join(self._errors.read().strip().splitlines()[-1:])
        raise Failed(f"{self.part.task} ended with status {status}: {last}")
