"""A script of a lesson that runs, with a tap on its line to the broker, and what was seen of it.

A thread reads what it prints; everything here is for the one thread that started it.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from brokers.broker import Broker
from brokers.tap import Tap
from brokers.traffic import deliveries, publications
from pictures.log import Event

ROOT = Path(__file__).resolve().parent.parent
CLOCK = Path(__file__).resolve().parent / "clock"
SECONDS = 60
"""How long a script may take to its next line or to its end."""

PAUSE = 0.3
"""Seconds that are more than what passes a tap needs, on a busy machine too."""


class Late(Exception):
    """A script did not print, or end, in time."""


class Script:
    """Runs `python words...` in the folder, against a vhost of the broker, from its making to end().

    It pauses for `pause` seconds before it prints: see clock/sitecustomize.py.
    """

    def __init__(self, broker: Broker, vhost: str, *words: str, folder: Path = ROOT, pause: float = PAUSE) -> None:
        self.name = words[0]
        self.tap = Tap(broker.host, broker.port)
        self._printed: list[tuple[float, str]] = []
        self._more = threading.Condition()
        self._interrupted: float | None = None
        self._ended: float | None = None
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, env=self._environment(broker, vhost, pause), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name=f"what {self.name} prints", daemon=True)
        self._reader.start()

    def printed(self, *lines: str, count: int = 1) -> None:
        """Block until all these lines were printed, or without lines until `count` were; raise Late."""
        with self._more:
            if not self._more.wait_for(lambda: self._has(lines, count), SECONDS):
                raise Late(f"{self.name} did not print {lines or count} within {SECONDS} s: {self._printed}")

    def interrupt(self) -> None:
        """Press Ctrl+C. Blocks until the script has ended."""
        self._interrupted = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.wait()

    def wait(self) -> None:
        """Block until the script has ended of itself; raise Late."""
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Late(f"{self.name} did not end within {SECONDS} s") from late
        self._ended = time.monotonic()
        self._reader.join(SECONDS)

    def end(self) -> None:
        """End it if it still runs, and close its tap."""
        self.process.kill()
        self.process.wait()
        self.tap.close()

    def version(self) -> str:
        """Return which RabbitMQ it talked to."""
        (began, *_) = self.tap.methods("Connection.Start", up=False)
        return str(began.method.server_properties["version"])

    def events(self) -> list[Event]:
        """Return what was seen, at the times of time.monotonic(); what it did itself is under its own name."""
        found = [Event(self._began, self.name, "starts")]
        found += [Event(at, self.name, "prints", message=line) for at, line in self._printed]
        if self._interrupted is not None:
            found.append(Event(self._interrupted, self.name, "is interrupted"))
        if self._ended is not None:
            found.append(Event(self._ended, self.name, "ends"))
        return found + self._seen()

    def _seen(self) -> list[Event]:
        names = self._stages()
        found = []
        for each in self.tap.methods("Basic.Consume"):
            found.append(Event(each.at, names[each.connection], "consumes", queue=each.method.queue))
        for one in publications(self.tap.seen):
            who = names[one.connection]
            found.append(Event(one.at, who, "publishes", one.message, one.routing_key))
            if one.confirmed is not None:
                found.append(Event(one.confirmed, who, "is confirmed", one.message, one.routing_key))
        for out in deliveries(self.tap.seen):
            who = names[out.connection]
            found.append(Event(out.at, out.queue, "delivers", out.message, out.queue, who, out.redelivered))
            if out.settled is not None:
                found.append(Event(out.settled, who, f"{out.how}s", out.message, out.queue))
        return found

    def _stages(self) -> dict[int, str]:
        """Return who has which connection: in a work flow the stage that printed what was delivered on it."""
        said = {message: name for name, colon, message in (line.partition(": ") for _, line in self._printed) if colon}
        names = dict.fromkeys(range(1, self.tap.connections + 1), self.name)
        return names | {one.connection: said.get(one.message, self.name) for one in deliveries(self.tap.seen)}

    def _has(self, lines: tuple[str, ...], count: int) -> bool:
        texts = [text for _, text in self._printed]
        return all(line in texts for line in lines) and len(texts) >= count

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                at, _, text = line.rstrip("\n").partition(" ")
                with self._more:
                    self._printed.append((float(at), text))
                    self._more.notify_all()

    def _environment(self, broker: Broker, vhost: str, pause: float) -> dict[str, str]:
        printing = {"PYTHONPATH": os.pathsep.join([str(CLOCK), str(ROOT)]), "PYTHONIOENCODING": "utf-8"}
        through = {"RABBITMQ_URL": "", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(self.tap.port)}
        return {**os.environ, **broker.environment(vhost), **through, **printing, "PAUSE": str(pause)}
