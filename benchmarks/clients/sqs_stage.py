"""What all SQS clients share: the seed's tasks, what has been done so far, and the talk with the harness.

The harness writes a line, and hears one of JSON: "go" begins the work, "look" asks only, and the end of the input ends
the process. The main thread works, another one talks.
"""

import json
import os
import random
import string
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from .measuring import WORDS, cpu_seconds, memory_mb, peak_mb
from .sqs_part import TASKS, Part

REGION = "us-west-2"
EVER = 3600
"""Seconds; long enough to never begin again."""


@dataclass
class Log:
    """How many tasks were begun and how many outputs came out, and when the first and the last of these. Any thread."""

    begun: int = 0
    yielded: int = 0
    first: float = 0
    last: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, count: int = 1) -> None:
        """Count tasks."""
        with self._lock:
            self.first = self.first or time.monotonic()
            self.begun += count

    def come_out(self) -> None:
        """Count an output; only the main thread does."""
        self.last = time.monotonic()
        self.yielded += 1

    def told(self) -> dict[str, float]:
        """Return all that, and what the process has used."""
        return {
            "now": time.monotonic(), "first": self.first, "last": self.last,
            "begun": self.begun, "yielded": self.yielded,
            "cpu": cpu_seconds(), "peak_mb": peak_mb(), "memory_mb": memory_mb(),
        }  # fmt: skip


class Tasks:
    """The seed's tasks, counted in the log and `seconds` long."""

    def __init__(self, part: Part, log: Log) -> None:
        self._part, self._log, self._left = part, log, part.count

    def generate(self, most: int) -> str:
        """Return a word."""
        self._log.begin()
        return "".join(random.choice(string.ascii_lowercase) for _ in range(random.randint(1, most)))

    def reduce(self, value: str) -> tuple[str, str]:
        """Return a word and its vowels."""
        self._log.begin()
        if self._part.seconds:
            time.sleep(self._part.seconds)
        return value, "".join(letter for letter in value if letter in "aeiou")

    def count(self, value: tuple[str, str]) -> tuple[str, int]:
        """Return a word and the number of its vowels."""
        self._log.begin()
        return value[0], len(value[1])

    def interval(self) -> float:
        """Return the seconds to the first task's next run: none, until it has run so often as it shall."""
        self._left -= 1
        return 0 if self._left > 0 else EVER

    def registered(self) -> list[dict[str, Any]]:
        """Return the pipe as both packages take it."""
        methods = {name: getattr(self, name) for name in TASKS[: self._part.stages]}
        pipe = [{"name": name, "method": each, "priorities": self._part.priorities} for name, each in methods.items()]
        for task in pipe:
            if task["name"] == self._part.task:
                task["workers"] = self._part.workers
        return pipe


Act = Callable[[Part, Log], Iterable[object]]
"""Sets up and returns the outputs, as they come."""


def run(package: str, act: Act) -> None:
    """Play the part that the command line tells, until the harness closes the input."""
    part, log, go = Part(**json.loads(sys.argv[1])), Log(), threading.Event()
    outputs = act(part, log)
    threading.Thread(target=_talk, args=(package, log, go), daemon=True).start()
    go.wait()
    for _ in outputs:
        log.come_out()
    threading.Event().wait()


def _talk(package: str, log: Log, go: threading.Event) -> None:
    told = {"version": f"{package} {version(package)}" if package else ""}
    print("ready", file=WORDS, flush=True)
    for line in sys.stdin:
        if line == "go\n":
            go.set()
        print(json.dumps(told | log.told()), file=WORDS, flush=True)
    os._exit(0)
