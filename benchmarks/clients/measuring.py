"""What all clients share: the job as they are given it, the watch, and the line of JSON that they end with."""

import itertools
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

WORDS = sys.stdout
"""Where the harness listens; a client's own prints (PyPI's lapinmq prints each message) go nowhere instead."""

sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


@dataclass(frozen=True)
class Task:
    """`count` messages of `size` bytes through the queue; what else there is concerns consumers and threads."""

    work: str
    queue: str
    count: int
    size: int
    workers: int
    prefetch: int
    gather: bool

    @property
    def body(self) -> bytes:
        """A message."""
        return b"x" * self.size


@dataclass
class Watch:
    """Seconds and CPU seconds of this process from start() to stop(), and what else is to be told."""

    seconds: float = 0
    cpu: float = 0
    told: dict[str, float] = field(default_factory=dict)
    _begun: float = 0
    _cpu: float = 0

    def start(self) -> None:
        """Begin to measure: nothing of the setting up counts. A second call changes nothing."""
        if not self._begun:
            self._begun, self._cpu = time.monotonic(), cpu_seconds()

    def stop(self) -> None:
        """End measuring; a second call changes nothing."""
        if not self.seconds:
            self.seconds, self.cpu = time.monotonic() - self._begun, cpu_seconds() - self._cpu


EARLY = 50_000
"""After how many messages the memory is looked at first."""


class Tally:
    """Counts deliveries or confirms, in any thread: the first starts the watch, the last sets `all`."""

    def __init__(self, watch: Watch, count: int) -> None:
        self.all = threading.Event()
        self._numbers, self._watch, self._count = itertools.count(1), watch, count

    def __call__(self) -> bool:
        """Count one; return whether it was the last."""
        number = next(self._numbers)
        if number == 1:
            self._watch.start()
        if number == self._count:
            self.all.set()
        return number >= self._count


def wait_for_broker(watch: Watch) -> None:
    """Block until the broker has what it should have (all messages, or no more of them), and stop the watch."""
    print("worked", file=WORDS, flush=True)
    sys.stdin.readline()
    watch.stop()


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Return the most memory that this process had, in MB.

    Linux counts into ru_maxrss what the process that started this one had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def memory_mb() -> float:
    """Return the memory that this process has now, in MB; the most it had, where the system does not tell."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 2**20 if pages.exists() else peak_mb()


def address() -> tuple[str, int, str, str, str]:
    """Return the broker's host, port, vhost, user name and password."""
    names = ("RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_VHOST", "RABBITMQ_USERNAME", "RABBITMQ_PASSWORD")
    host, port, vhost, username, password = (os.environ[name] for name in names)
    return host, int(port), vhost, username, password


def run(package: str, **works: Callable[[Task, Watch], None]) -> None:
    """Do the work that the command line names, print what it took, and end the process without a farewell."""
    work, queue, *numbers = sys.argv[1:]
    count, size, workers, prefetch, gather = map(int, numbers)
    task, watch = Task(work, queue, count, size, workers, prefetch, bool(gather)), Watch()
    works[work](task, watch)
    watch.stop()
    found = {"seconds": watch.seconds, "cpu": watch.cpu, "peak_mb": peak_mb(), **watch.told}
    print(json.dumps({"version": f"{package} {version(package)}" if package else "", **found}), file=WORDS, flush=True)
    os._exit(0)
