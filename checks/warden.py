"""A Warden: it watches what students' scripts start, and ends what takes too much.

One thread looks at all of them. A script is told from others by a word in its environment, which its children inherit,
also those that leave its process group.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

LOOK_SECONDS = 0.15
"""How often it looks. A fork bomb in Python makes some hundred processes in that time."""

MARK = "CHECKED_SCRIPT"
"""The environment variable that holds a script's mark."""


@dataclass
class Limits:
    """What one script may take with all that it starts; reached means that it is ended."""

    processes: int = 24
    memory: int = 1 << 30
    """In bytes, resident, together."""
    address_space: int = 4 << 30
    """In bytes, of each process, where the system can limit it: it stops a single huge allocation."""
    output: int = 1 << 20
    """In bytes, on each of standard output and standard error."""
    file: int = 64 << 20
    """In bytes, of a file that it writes, where the system can limit it."""


@dataclass
class Ward:
    """One script that is watched."""

    pid: int
    mark: str
    limits: Limits
    tell: Callable[[str], None]
    """Called with what was exceeded."""
    created: float
    """When the process was: it tells it from a later one with its number."""
    known: dict[int, float] = field(default_factory=dict)
    """Its processes so far, with their times of creation."""


class Warden:
    """Watches wards from watch() to release(); without any, its thread waits."""

    def __init__(self) -> None:
        self._wards: dict[int, Ward] = {}
        self._some = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._look, name="warden", daemon=True).start()

    def watch(self, ward: Ward) -> None:
        """Begin with a process that has just been started."""
        with self._lock:
            self._wards[ward.pid] = ward
        self._some.set()

    def release(self, ward: Ward) -> None:
        """End all of its processes, and watch it no more. Blocks until they are gone."""
        with self._lock:
            self._wards.pop(ward.pid, None)
        for _ in range(20):  # what forks while it is ended is found at the next look
            _kill_group(ward)
            left = _processes(ward)
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            if not left:
                return
            psutil.wait_procs(left, timeout=0.5)

    def _look(self) -> None:
        while True:
            self._some.wait()
            with self._lock:
                wards = list(self._wards.values())
                if not wards:
                    self._some.clear()
            if wards:
                self._judge(wards)
            time.sleep(LOOK_SECONDS)

    def _judge(self, wards: list[Ward]) -> None:
        children = _children()
        for ward in wards:
            pids = _tree(ward.pid, children) | set(ward.known)
            memory = 0
            for pid in pids:
                with suppress(psutil.Error):
                    process = psutil.Process(pid)
                    if ward.known.setdefault(pid, process.create_time()) == process.create_time():
                        memory += process.memory_info().rss
            alive = [pid for pid in pids if pid in children or psutil.pid_exists(pid)]
            reason = ""
            if len(alive) > ward.limits.processes:
                reason = f"it started more than {ward.limits.processes} processes"
            elif memory > ward.limits.memory:
                reason = f"it took more than {ward.limits.memory >> 20} MB of memory"
            if reason:
                ward.tell(reason)
                self.release(ward)


def _children() -> dict[int, list[int]]:
    """Return each process's children, read once for all wards."""
    found: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.pid, [])
        found.setdefault(process.info["ppid"] or 0, []).append(process.pid)
    return found


def _tree(pid: int, children: dict[int, list[int]]) -> set[int]:
    found, new = set(), [pid]
    while new:
        one = new.pop()
        if one not in found:
            found.add(one)
            new += children.get(one, [])
    return found


def _is_another(ward: Ward) -> bool:
    """Return whether the ward has ended, and its number is another process's now."""
    with suppress(psutil.Error):
        return abs(psutil.Process(ward.pid).create_time() - ward.created) > 1
    return False


def _kill_group(ward: Ward) -> None:
    """Kill a script's process group at once, which a fork bomb within it does not escape."""
    if os.name == "posix" and not _is_another(ward):
        with suppress(OSError):
            os.killpg(ward.pid, signal.SIGKILL)


def _processes(ward: Ward) -> list[psutil.Process]:
    """Return what lives of a script: its tree, and whatever carries its mark."""
    pids = set() if _is_another(ward) else _tree(ward.pid, _children())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            created = ward.known.get(process.pid)
            known = created is not None and created == process.create_time()
            ours = process.pid in pids or known or process.environ().get(MARK) == ward.mark
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
