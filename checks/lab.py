"""A Lab: the world of one step of a check. A vhost, a user, a tap on the line and a folder, all its own, all removed.

It is for the thread of its step; only expire() is for others.
"""

import os
import random
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import pika
import requests
from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from brokers.broker import Broker
from brokers.management import Management
from brokers.tap import Tap
from brokers.traffic import Delivery, Publication, deliveries, publications
from checks import journal, scratch
from checks.classroom import Classroom
from checks.exercise import ROOT, Exercise, Step
from checks.mistake import NotJudged
from checks.script import Script

if TYPE_CHECKING:
    from checks.sqs_bench import Bench

PASSED_ON = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
)  # fmt: skip
"""What a student's script gets of this process's environment: no keys, no passwords."""

WORDS = [
    "amber", "basil", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jade", "kelp", "lilac", "maple",
    "nectar", "olive", "pearl", "quartz", "river", "slate", "tulip", "umber", "violet", "willow", "yarrow", "zinnia",
    "acorn", "birch", "clover", "daisy", "elm", "fern", "ginger", "hazel", "iris", "juniper", "larch", "moss", "nettle",
    "oak", "poppy", "quince", "reed", "sage", "thyme", "vetch", "wheat", "aspen",
]  # fmt: skip
"""Of these the messages of a run are drawn, so that no answer can know them beforehand."""

POLL_SECONDS = 0.02

T = TypeVar("T")


class Lab:
    """What a step works with. A context manager: its scripts are ended and its vhost deleted at the end."""

    def __init__(self, classroom: Classroom, exercise: Exercise, file: Path, wanted: Step) -> None:
        """Prepare a lab for one step of the exercise on the student's `file`."""
        self.exercise, self.file, self.step = exercise, file, wanted
        self.classroom = classroom
        self.story: list[str] = []
        """What was done so far, for the student to read; the methods of this class add to it."""
        self.scripts: list[Script] = []
        self.name = f"check-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self.deadline = time.monotonic() + wanted.seconds
        self._password = uuid.uuid4().hex
        self._random = random.Random(os.environ.get("CHECK_SEED"))  # the README's transcripts show the same words again
        self._undo = ExitStack()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self.broker: Broker
        self.tap: Tap
        self.sqs: Bench
        """In place of broker and tap where the exercise is about SQS."""
        self.folder: Path

    def __enter__(self) -> "Lab":
        try:
            self.classroom.open(self)
            self._undo.callback(self.classroom.left, self)
            self._open()
        except BaseException:
            self._undo.close()
            raise
        self.deadline = time.monotonic() + self.step.seconds  # what was started for it does not count
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._undo.close()

    # The student's script.

    def start(self, *arguments: str, more: Mapping[str, str] | None = None) -> Script:
        """Start the student's file with these arguments, and `more` environment variables."""
        self.story.append(" ".join(["started: python", self.exercise.file, *arguments]))
        environment = {**self.environment(), **(more or {})}
        room = self.classroom
        script = Script(self.folder / self.exercise.file, arguments, environment, room.warden, room.limits)
        self.scripts.append(script)
        return script

    def environment(self) -> dict[str, str]:
        """Return the whole environment of its scripts."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        ours = {
            "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8",
            "PYTHONDONTWRITEBYTECODE": "1", "CHECK_JOURNAL": str(self.folder / "journal"),
        }  # fmt: skip
        return passed | ours | self._where

    def kill(self, script: Script) -> None:
        """End it as kill -9 does."""
        self.story.append(f"killed {script.name} (kill -9)")
        script.kill()

    def interrupt(self, script: Script) -> None:
        """Press Ctrl+C in its terminal."""
        self.story.append(f"pressed Ctrl+C in {script.name}")
        script.interrupt()

    def journal(self) -> list[journal.Noted]:
        """Return when exercises/work.py began and was done with which message, in this lab's scripts."""
        return journal.read(self.folder / "journal")

    # The broker, past the tap.

    @property
    def channel(self) -> BlockingChannel:
        """Return a channel of plain pika, with confirms, to do what is not offered below; one that works."""
        if self._connection is None or not self._connection.is_open:
            parameters = self.broker.parameters(self.name)
            parameters.heartbeat = 0  # the check may be busy elsewhere
            self._connection = pika.BlockingConnection(parameters)
        if self._channel is None or not self._channel.is_open:
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
        return self._channel

    def declare(self, *queues: str) -> None:
        """Declare durable queues, as rabbit.py does, so that messages can wait there before the script runs."""
        for queue in queues:
            self.channel.queue_declare(queue, durable=True)

    def publish(self, queue: str, *messages: str, exchange: str = "", headers: Mapping[str, Any] | None = None) -> None:
        """Publish persistent messages, each with a message_id, to a queue, or to an exchange by the key `queue`."""
        for message in messages:
            properties = BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()), headers=dict(headers or {}))  # type: ignore[no-untyped-call]
            self.channel.basic_publish(exchange, queue, message.encode(), properties, mandatory=not exchange)
        shown = " ".join(messages) if len(messages) < 9 else f"{len(messages)} messages"
        self.story.append(f"published to {f'exchange {exchange}, key {queue}' if exchange else queue}: {shown}")

    def take(self, queue: str) -> list[str]:
        """Return the messages that wait on a queue, and remove them; empty where there is no such queue."""
        found = []
        while self.exists(queue):
            method, _, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None or body is None:
                break
            found.append(body.decode(errors="backslashreplace"))
        return found

    def exists(self, queue: str) -> bool:
        """Return whether there is such a queue."""
        return self._asked(queue) is not None

    def waiting(self, queue: str) -> int:
        """Return how many messages wait on a queue, without those that are out unacknowledged."""
        asked = self._asked(queue)
        return asked.message_count if asked else 0

    def consumers(self, queue: str) -> int:
        """Return how many consumers a queue has."""
        asked = self._asked(queue)
        return asked.consumer_count if asked else 0

    def kill_broker(self) -> None:
        """Kill the broker (own_broker steps only) as a power cut would."""
        self.story.append("killed the broker (kill -9)")
        self.broker.kill()

    def run_broker(self) -> None:
        """Run the killed broker again. Blocks until it answers."""
        self.story.append("started the broker again")
        with suppress(pika.exceptions.AMQPError):  # it is lost, which pika notices now
            self._disconnect()
        self._connection = self._channel = None
        self.broker.run()
        self.broker.wait()

    # What passed on the line between the scripts and the broker.

    def deliveries(self, queue: str | None = None) -> list[Delivery]:
        """Return what was delivered to the scripts, and how it was settled; of one queue, or of all."""
        return [one for one in deliveries(self.tap.seen) if queue is None or one.queue == queue]

    def publications(self, key: str | None = None) -> list[Publication]:
        """Return what the scripts published; with one routing key, or all."""
        return [one for one in publications(self.tap.seen) if key is None or one.routing_key == key]

    # Waiting, and words.

    def until(self, condition: Callable[[], T], seconds: float = 10) -> T:
        """Return the condition's first true value, or its last one when the time is over. Blocks at most `seconds`."""
        deadline = min(time.monotonic() + seconds, self.deadline)
        while not (value := condition()) and time.monotonic() < deadline:
            if any(script.exceeded for script in self.scripts) or self.exceeded:
                break
            time.sleep(POLL_SECONDS)
        return value

    def rest(self, seconds: float) -> None:
        """Let time pass, to see that something does not happen. Blocks for `seconds`."""
        self.until(lambda: False, seconds)

    def words(self, count: int) -> list[str]:
        """Return that many different words, others in each run."""
        return self._random.sample(WORDS, count)

    @property
    def exceeded(self) -> str:
        """Return what its scripts sent too much of, empty where they did not."""
        return self.tap.exceeded if hasattr(self, "tap") else ""

    def expire(self) -> None:
        """End its scripts, from any thread, so that nothing is waited for any more and the step comes to its end."""
        self.deadline = 0
        for script in list(self.scripts):
            script.kill()

    def _open(self) -> None:
        self.folder = self._undo.enter_context(scratch.folder("check-"))
        for path in sorted(path for path in self.file.parent.glob("*.py") if path.is_file())[:20]:
            shutil.copy(path, self.folder / path.name)
        shutil.copy(self.file, self.folder / self.exercise.file)  # an answer of the tests has another name
        if self.exercise.sqs:
            self._open_sqs()
        else:
            self._open_broker()
        self._undo.callback(self._end_scripts)

    def _open_broker(self) -> None:
        if self.step.own_broker:
            self.broker = self._undo.enter_context(self.classroom.victim())
        else:
            self.broker = self.classroom.broker()
        management = Management(self.broker)
        try:
            management.create_user(self.name, self._password)
            self._undo.callback(_removed, management.delete_user, self.name)
            management.create_vhost(self.name, self.name)
            self._undo.callback(_removed, management.delete_vhost, self.name)
        except requests.RequestException as error:
            raise NotJudged(f"the broker gave no vhost ({error}); see: python broker.py status") from error
        self.tap = Tap(self.broker.host, self.broker.port, self.step.heartbeat)
        self._undo.callback(self.tap.close)
        self._undo.callback(self._left)
        self._where = {
            "RABBITMQ_URL": "", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(self.tap.port),
            "RABBITMQ_USERNAME": self.name, "RABBITMQ_PASSWORD": self._password, "RABBITMQ_VHOST": self.name,
        }  # fmt: skip

    def _open_sqs(self) -> None:
        from checks.sqs_bench import Bench  # noqa: PLC0415 - boto3 takes long, and most exercises do without

        self.sqs = self._undo.enter_context(Bench(self.classroom.emulator()))
        self._where = self.sqs.environment()

    def _asked(self, queue: str) -> Any:
        try:
            return self.channel.queue_declare(queue, passive=True).method
        except ChannelClosedByBroker:
            return None

    def _end_scripts(self) -> None:
        for script in self.scripts:
            script.kill()

    def _left(self) -> None:
        try:
            self._disconnect()
        except pika.exceptions.AMQPError as error:
            print(f"{self.name}: {error!r}", file=sys.stderr)

    def _disconnect(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()


def _removed(remove: Callable[[str], None], name: str) -> None:
    """Remove what may be gone already, as when the broker is."""
    try:
        remove(name)
    except requests.RequestException as error:
        print(f"the check's {name} could not be removed: {type(error).__name__}", file=sys.stderr)
