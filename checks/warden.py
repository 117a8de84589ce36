"""A Warden: it watches what students' scripts start, and ends what takes too much.

One thread looks at all of them. What belongs to a script is told by its parents, and by a word in its environment,
which its children inherit, also those that left its session. Where scripts run apart (apart.py) that is all; elsewhere
a process that leaves its session, loses its parent and clears its environment between two looks is not found.
"""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOOK_SECONDS = 0.2
"""How often it looks. A fork bomb in Python makes some hundred processes in that time."""

END_SECONDS = 10
"""How long it goes on killing what a script started before it gives up."""

MARK = "CHECKED_SCRIPT"
"""The environment variable that holds a script's mark."""


@dataclass(frozen=True)
class Limits:
    """What one script may take, with all that it starts; more, and it is ended. Sizes are in bytes."""

    processes: int = 24
    memory: int = 1 << 30
    """Resident, of all its processes together."""
    address_space: int = 4 << 30
    """Of each process, where the system can limit it: it stops a single huge allocation."""
    output: int = 1 << 20
    """On each of standard output and standard error."""
    lines: int = 20_000
    """On each of them."""
    file: int = 64 << 20
    """Of each file that it writes, where the system can limit it, and of all in its folder."""
    apart: bool = False
    """Whether it is to see no processes but its own, where the system allows that."""


@dataclass(eq=False)
class Ward:
    """One script that is watched."""

    pid: int
    mark: str
    limits: Limits
    tell: Callable[[str], None]
    """Called with what was exceeded."""
    folder: Path
    """Where it runs, and may write."""
    created: float
    """When the process was: it tells it from a later one with its number."""
    known: dict[int, float] = field(default_factory=dict)
    """Its processes so far, with their times of creation."""


class Warden:
    """Watches wards from watch() to release(); without any, its thread waits. All methods are for any thread."""

    def __init__(self) -> None:
        self._wards: set[Ward] = set()
        self._some = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._look, name="warden", daemon=True).start()

    def watch(self, ward: Ward) -> None:
        """Begin with a process that has just been started."""
        with self._lock:
            self._wards.add(ward)
        self._some.set()

    def release(self, ward: Ward) -> None:
        """End all of its processes, and watch it no more. Blocks until they are gone; twice does no harm."""
        with self._lock:
            self._wards.discard(ward)
        deadline = time.monotonic() + END_SECONDS
        _kill_group(ward)  # first: looking takes time, in which a fork bomb grows
        while (left := _belonging(ward)) and time.monotonic() < deadline:
            _kill_group(ward)
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            _await_end(left)

    def _look(self) -> None:
        while True:
            self._some.wait()
            with self._lock:
                wards = list(self._wards)
                if not wards:
                    self._some.clear()
            if wards:
                self._judge(wards)
            time.sleep(LOOK_SECONDS)

    def _judge(self, wards: list[Ward]) -> None:
        children = _children()
        for ward in wards:
            if reason := _exceeded(ward, children):
                ward.tell(reason)
                threading.Thread(target=self.release, args=(ward,), name="warden's hand", daemon=True).start()


def _exceeded(ward: Ward, children: dict[int, list[int]]) -> str:
    """Return what a ward takes too much of, empty for nothing."""
    limits, count, memory = ward.limits, 0, 0
    tree = _tree(ward, children)
    if len(tree) > 2 * limits.processes:  # at once: to look at each takes time, in which a fork bomb grows
        return f"it started more than {limits.processes} processes"
    for pid in tree | set(ward.known):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            created = process.create_time()
            if ward.known.setdefault(pid, created) == created and process.status() != psutil.STATUS_ZOMBIE:
                count += 1
                memory += process.memory_info().rss
    if count > limits.processes:
        return f"it started more than {limits.processes} processes"
    if memory > limits.memory:
        return f"it took more than {limits.memory >> 20} MB of memory"
    if _written(ward.folder) > limits.file:
        return f"it wrote more than {limits.file >> 20} MB of files"
    return ""


def _written(folder: Path) -> int:
    """Return how many bytes a folder's files take on the disk, without what links lead to; of the first thousand."""
    found, left, folders = 0, 1000, [str(folder)]
    while folders and left > 0:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in itertools.islice(entries, left):
                left -= 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    told = entry.stat(follow_symlinks=False)
                    found += getattr(told, "st_blocks", told.st_size >> 9) << 9
    return found


def _children() -> dict[int, list[int]]:
    """Return each process's children, read once for all wards."""
    found: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.info["ppid"] or 0, []).append(process.pid)
    return found


def _tree(ward: Ward, children: dict[int, list[int]]) -> set[int]:
    """Return the script's process with all below it, or nothing where its number is another's now."""
    found: set[int] = set()
    new = [] if _is_another(ward) else [ward.pid]
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


def _belonging(ward: Ward) -> list[psutil.Process]:
    """Return what lives of a script: its tree, what was in it before, and whatever carries its mark."""
    pids = _tree(ward, _children())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ours = process.pid in pids or ward.known.get(process.pid) == process.create_time()
            if (ours or _marked(process, ward)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _marked(process: psutil.Process, ward: Ward) -> bool:
    """Return whether it carries the ward's mark; of older processes, and this one, nobody asks."""
    young = process.create_time() >= ward.created - 1 and process.pid != os.getpid()
    return bool(young and process.environ().get(MARK) == ward.mark)


def _await_end(processes: list[psutil.Process]) -> None:
    """Block until they are gone, a second at most. psutil's own wait() would take a child's exit status from Popen."""
    deadline = time.monotonic() + 1
    while any(_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.005)


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
