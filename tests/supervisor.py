"""The process that owns what the tests of one run share: the broker and the SQS emulators.

pytest's main process starts it. Every process of the run asks it for a service, and it starts that service when it is
first asked. It ends all of them when its standard input closes: when pytest ends, and also when pytest is killed, since
the system closes the pipe then. It is a session of its own, so that Ctrl+C in the terminal reaches pytest only.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import psutil

from brokers import container, finding, node
from sqs_pipes.emulator import Emulator

ROOT = Path(__file__).resolve().parent.parent

ADDRESS = "TUTORIAL_SUPERVISOR"
"""The variable in which the processes of a run find its supervisor: PORT:KEY."""

GRACE_SECONDS = 20
"""How long a process of a run that ended may take to end too, before it counts as left running."""

START_SECONDS = 600
"""How long a service may take to answer at the most: an image or a package may have to be fetched."""

END_SECONDS = 120
"""How long the supervisor may take to end all that it has started."""

Entry = dict[str, Any]


class NotStarted(Exception):
    """A service could not be started; the text says why."""


class Supervisor:
    """The supervisor as pytest's main process sees it."""

    def __init__(self, folder: Path) -> None:
        """Start it. `folder` is removed at its end. Whatever this process starts from now on belongs to the run."""
        self.mark = f"TUTORIAL_RUN_{os.getpid()}"
        os.environ[self.mark] = "1"
        key = secrets.token_hex()
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        windows: Any = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(folder), self.mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": paths, ADDRESS: key},
            **(windows if os.name == "nt" else {"start_new_session": True}),
        )  # fmt: skip
        assert self.process.stdout
        port = self.process.stdout.readline().strip()
        if not port:
            raise NotStarted(f"the supervisor of the tests ended with status {self.process.wait()}; see above")
        os.environ[ADDRESS] = f"{port}:{key}"

    def close(self) -> list[str]:
        """End it with all that it started. Return what else the run left running, now killed, one line for each.

        Twice does no harm.
        """
        if self.process.returncode is not None:
            return []
        try:
            left, _ = self.process.communicate("end", timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            left, _ = self.process.communicate()
        if self.process.returncode:
            left += f"the supervisor, which ended with status {self.process.returncode}: look into .broker\n"
        for variable in (ADDRESS, self.mark):
            os.environ.pop(variable, None)
        return left.split("\n")[:-1] if left.strip() else []


def ask(service: str) -> Entry:
    """Return the entry of a service that answers. Blocks while it is started; raise NotStarted."""
    port, key = os.environ[ADDRESS].split(":")
    try:
        with Client(("127.0.0.1", int(port))) as connection:
            connection.send_bytes(f"{key} {service}".encode())
            if not connection.poll(START_SECONDS):
                raise NotStarted(f"the supervisor did not answer within {START_SECONDS} s")
            entry, reason = json.loads(connection.recv_bytes())
    except (EOFError, OSError) as error:
        raise NotStarted(f"the supervisor has ended ({error!r})") from error
    if reason:
        raise NotStarted(reason)
    return dict(entry)


class Services:
    """What the supervisor has started."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self._key = folder, key
        self._pool = ThreadPoolExecutor()
        self._lock = threading.Lock()
        self._started: dict[str, Future[Entry]] = {}
        self._ends = ExitStack()

    def answer(self, connection: Connection) -> None:
        """Answer one question: the entry of a service, or the reason why it could not be started."""
        with connection, suppress(EOFError, OSError):  # who asked may be gone
            key, _, service = connection.recv_bytes(1000).decode().partition(" ")
            if secrets.compare_digest(key, self._key):
                connection.send_bytes(json.dumps(self._outcome(service)).encode())

    def _outcome(self, service: str) -> tuple[Entry, str]:
        try:
            return self._entry(service), ""
        except Exception as error:  # whatever it is, who asked is to know
            return {}, str(error) or repr(error)

    def close(self) -> None:
        """End all services, also those that are being started."""
        self._ends.close()
        self._pool.shutdown()
        self._ends.close()

    def _entry(self, service: str) -> Entry:
        with self._lock:
            if service not in self._started:
                self._started[service] = self._pool.submit(self._start, service)
        return self._started[service].result()

    def _start(self, service: str) -> Entry:
        return self._broker() if service == "broker" else self._emulator(service)

    def _broker(self) -> Entry:
        found = finding.find(announce)
        self._ends.callback(found.end)
        if isinstance(found, container.Container):
            self._ends.callback(container.sweep)
        found.wait()
        return finding.entry(found)

    def _emulator(self, service: str) -> Entry:
        found = Emulator.launch(self.folder / service)
        self._ends.callback(found.end)
        found.wait()
        return found.entry


def announce(line: str) -> None:
    """Print a line to the terminal in which pytest runs."""
    print(f"\n{line}", file=sys.stderr, flush=True)


def serve(listener: Listener, answer: Callable[[Connection], None]) -> None:
    """Answer each connection in a thread of its own. Blocks; never returns."""
    while True:
        with suppress(OSError):  # of a client that went away at once
            threading.Thread(target=answer, args=(listener.accept(),), daemon=True).start()


def processes(mark: str) -> list[psutil.Process]:
    """Return the running processes that have the run's mark in their environment, but for this one and its ancestors.

    On Windows pytest itself has the mark, too, and so has the launcher of this process.
    """
    found, spared = [], {os.getpid(), *(ancestor.pid for ancestor in psutil.Process().parents())}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            alive = process.pid not in spared and process.status() != psutil.STATUS_ZOMBIE
            if alive and mark in process.environ():
                found.append(process)
    return found


def end_processes(mark: str, grace: float) -> list[str]:
    """Wait for the run's processes to end; kill those that still run after `grace` seconds, and return their names."""
    killed: dict[int, str] = {}
    begun = time.monotonic()
    while (left := processes(mark)) and (seconds := time.monotonic() - begun) < grace + GRACE_SECONDS:
        for process in left if seconds >= grace else []:
            with suppress(psutil.Error):
                killed[process.pid] = f"process {process.pid}: {' '.join(process.cmdline())[:150]}"
                process.kill()
        time.sleep(0.1)
    return list(killed.values())


def main() -> None:
    """Serve until standard input closes; then end everything."""
    folder, mark = Path(sys.argv[1]), sys.argv[2]
    os.environ.pop(mark)  # what is started here is no test's process
    services = Services(folder, os.environ.pop(ADDRESS))
    with Listener(("127.0.0.1", 0), backlog=64) as listener:
        print(listener.address[1], flush=True)
        threading.Thread(target=serve, args=(listener, services.answer), daemon=True).start()
        ended = sys.stdin.read() == "end"  # otherwise pytest was killed, and nobody else ends its processes
    killed = end_processes(mark, GRACE_SECONDS if ended else 0)
    try:
        services.close()
    finally:
        node.sweep()
        shutil.rmtree(folder, ignore_errors=True)
    if ended:
        print(*[line.encode("ascii", "backslashreplace").decode() for line in killed], sep="\n", flush=True)


if __name__ == "__main__":
    main()
