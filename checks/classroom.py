"""A Classroom: what all checks of one run share: the broker, one that may be killed, an SQS, and the warden."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import requests

import address
from brokers import finding, ports
from brokers.broker import Broker
from brokers.container import Container
from brokers.foreign import Foreign
from brokers.management import Management
from brokers.node import Node
from brokers.unavailable import Unavailable
from checks import login
from checks.mistake import NotJudged
from checks.warden import Limits, Warden
from sqs_pipes.emulator import LOG, Emulator, NoEmulator

Announce = Callable[[str], None]


class Room(Protocol):
    """What a lab is to its classroom."""

    def expire(self) -> None: ...


class Classroom:
    """Starts what is needed when it is needed, once; close() ends what it started. All methods may be called from
    any thread."""

    def __init__(self, announce: Announce, broker: Broker | None = None, limits: Limits | None = None) -> None:
        """Use `broker`, which somebody else ends, or find one at the first need."""
        self.announce, self.limits, self.warden = announce, limits or Limits(), Warden()
        self._broker = broker
        self._victim: Broker | None = None
        self._emulator: Emulator | None = None
        self._started = ExitStack()
        self._lock = threading.Lock()
        self._victims = threading.Lock()
        self._rooms: list[Room] = []
        self.stopped = False

    def broker(self) -> Broker:
        """Return a broker that answers, with its management API. Blocks while one is started; raise NotJudged."""
        with self._lock:
            if self._broker is None:
                self._broker = self._found()
            return self._broker

    @contextmanager
    def victim(self) -> Iterator[Broker]:
        """Lend a broker that may be killed and run again. Blocks until it is nobody else's; raise NotJudged."""
        with self._victims:
            if self._victim is None:
                kind = Container if isinstance(self.broker(), Container) else Node
                with _judged(Unavailable, "a broker that may be killed"):
                    port, management_port = ports.free(2)
                    self._victim = kind.begin(port, management_port)
                    self._started.callback(self._victim.end)
            with _judged(Unavailable, "a broker that may be killed"):
                if not self._victim.alive():
                    self._victim.run()
                self._victim.wait()
                login.close(self._victim)
            yield self._victim

    def emulator(self) -> Emulator:
        """Return an SQS that answers. Blocks while it is started; raise NotJudged."""
        with self._lock:
            if self._emulator is None:
                folder = Path(self._started.enter_context(tempfile.TemporaryDirectory(prefix="sqs-")))
                try:
                    self._emulator = self._emulating(folder / "1")
                except NoEmulator:  # as when another program took the free port in between
                    with _judged(NoEmulator, "an SQS"):
                        self._emulator = self._emulating(folder / "2")
            return self._emulator

    def open(self, room: Room) -> None:
        """Take a lab in; raise NotJudged after stop()."""
        with self._lock:
            if self.stopped:
                raise NotJudged("interrupted")
            self._rooms.append(room)

    def left(self, room: Room) -> None:
        """Forget a lab that is over."""
        with self._lock:
            self._rooms.remove(room)

    def stop(self) -> None:
        """Let all labs that are open come to their end at once, and open no more. Twice does no harm."""
        with self._lock:
            self.stopped = True
            rooms = list(self._rooms)
        for room in rooms:
            room.expire()

    def close(self) -> None:
        """End what was started here. Blocks until it is gone."""
        self._started.close()

    def _emulating(self, folder: Path) -> Emulator:
        try:
            return self._started.enter_context(Emulator.launch(folder))
        except NoEmulator as reason:
            words = (folder / LOG).read_text(encoding="utf-8", errors="replace") if (folder / LOG).exists() else ""
            raise NoEmulator(f"{reason} ({words.strip().splitlines()[-1:]})") from reason

    def _found(self) -> Broker:
        broker = self._running() or self._new()
        try:
            broker.wait()
            Management(broker).connections()
        except Unavailable as reason:
            raise NotJudged(str(reason)) from reason
        except requests.RequestException as error:
            raise NotJudged(
                f"the broker's management API at {broker.host}:{broker.management_port} does not answer, or refuses "
                f"the login of {broker.username} ({type(error).__name__}); the checks make a vhost and a user for each "
                "run there; take python broker.py start, or correct RABBITMQ_MANAGEMENT_PORT and the login"
            ) from error
        return broker

    def _running(self) -> Broker | None:
        """Return the broker of the lessons, if it answers."""
        if address.elsewhere() or os.environ.get("RABBITMQ_FROM") == "environment":
            return None
        broker = Foreign()
        return None if broker.refusal() else broker

    def _new(self) -> Broker:
        try:
            broker = finding.find((lambda line: None) if address.elsewhere() else self.announce)
        except finding.NoBroker as reason:
            raise NotJudged(str(reason)) from reason
        self._started.callback(broker.end)
        return broker


@contextmanager
def _judged(error: type[Exception], what: str) -> Iterator[None]:
    try:
        yield
    except error as reason:
        raise NotJudged(f"this needs {what}, and none could be started: {reason}") from reason
