"""A vhost in which one story is played: its scripts, what the broker says of its queues, the run that came of it."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from brokers.broker import Broker
from brokers.management import Management
from brokers.queues import Queue, look
from pictures.log import Event, Run
from pictures.script import PAUSE, ROOT, SECONDS, Late, Script


class Stage:
    """Has a vhost of its own from entering to leaving, when the scripts that still run are ended and it is deleted."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.vhost = f"pictures-{uuid.uuid4().hex[:8]}"
        self.scripts: list[Script] = []
        self._told: list[Event] = []

    def __enter__(self) -> "Stage":
        Management(self.broker).create_vhost(self.vhost)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        for script in self.scripts:
            script.end()
        Management(self.broker).delete_vhost(self.vhost)

    def python(self, *words: str, folder: Path = ROOT, pause: float = PAUSE) -> Script:
        """Start a script."""
        self.scripts.append(Script(self.broker, self.vhost, *words, folder=folder, pause=pause))
        return self.scripts[-1]

    def produce(self, *messages: str) -> None:
        """Run producer.py to its end."""
        self.python("producer.py", *messages).wait()

    def status(self, ready: int, unacknowledged: int, consumers: int, name: str = "my_queue") -> None:
        """Ask the broker until it says this of the queue, the only one, and write down that it did; raise Late."""
        self._until(lambda queues: queues == [Queue(name, ready, unacknowledged, consumers)])
        self._told.append(
            Event(
                time.monotonic(), name, "status",
                queue=name, ready=ready, unacknowledged=unacknowledged, consumers=consumers,
            )
        )  # fmt: skip

    def emptied(self) -> None:
        """Block until the broker says that all queues are empty and nothing is unacknowledged; raise Late."""
        self._until(lambda queues: not any(queue.ready or queue.unacknowledged for queue in queues))

    def run(self, count: int = 1) -> Run:
        """Return what happened so far, from its first event on."""
        found = sorted([e for s in self.scripts for e in s.events()] + self._told, key=lambda event: event.at)
        first = found[0].at
        return Run([Event(**{**vars(event), "at": round(event.at - first, 4)}) for event in found], count)

    def _until(self, right: Callable[[list[Queue]], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not right(seen := look(self.broker, self.vhost)):
            if time.monotonic() > deadline:
                raise Late(f"after {SECONDS} s the queues are not as the lesson says: {seen}")
            time.sleep(0.05)
