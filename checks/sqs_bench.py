"""A Bench: the SQS of one lab. An account of its own on the emulator, and a proxy that writes down each request.

Scripts reach the emulator by the proxy; create(), send(), taken() go past it. Each connection has a thread; `requests`
may be read from any.
"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import boto3

from checks.sqs_listener import Answer, Body, Listener, pass_on
from sqs_pipes.emulator import Emulator

REGION = "eu-central-1"

POLL_SECONDS = 1
"""A longer poll is passed on as one of so many seconds: what a script does after an empty answer is soon seen."""

_making = threading.Lock()  # boto3.client() is for one thread at a time


@dataclass
class Request:
    """One request of a script; its times are of time.monotonic's clock."""

    action: str
    body: dict[str, Any]
    """As the script sent it."""
    account: str
    """Whose key signed it."""
    at: float
    answered: float | None = None
    """None until it is, and where the answer was lost."""
    status: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    """What SQS answered, also where that was lost."""

    @property
    def done(self) -> bool:
        """Return whether SQS did what was asked."""
        return self.status == 200


class Bench(AbstractContextManager["Bench"]):
    """Listens from the start to its end as a context manager; then its queues are deleted."""

    def __init__(self, emulator: Emulator) -> None:
        self.requests: list[Request] = []
        self.fault: Callable[[Request], str] = lambda request: ""
        """Returns "drop" where SQS shall not hear of a request, "lose" where the answer shall be lost."""
        self.account = str(random.randrange(10**11, 10**12))  # ministack takes such a key as an account
        self._target = emulator.port
        with _making:
            self.client = boto3.client(
                "sqs", endpoint_url=emulator.endpoint, region_name=REGION,
                aws_access_key_id=self.account, aws_secret_access_key="check",
            )  # fmt: skip
        self._listener = Listener(self._serve)
        self.endpoint = self._listener.endpoint

    def environment(self) -> dict[str, str]:
        """Return the variables by which boto3 finds the proxy."""
        return {
            "AWS_ENDPOINT_URL_SQS": self.endpoint, "AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "check",
            "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()
        for url in self.client.list_queues().get("QueueUrls", []):
            self.client.delete_queue(QueueUrl=url)

    # The queues, past the proxy.

    def create(self, queue: str, **attributes: str) -> None:
        """Create a FIFO queue."""
        self.client.create_queue(QueueName=queue, Attributes={"FifoQueue": "true", **attributes})

    def url(self, queue: str) -> str:
        """Return a queue's URL."""
        return str(self.client.get_queue_url(QueueName=queue)["QueueUrl"])

    def send(self, queue: str, *messages: str) -> None:
        """Send messages in one group, each with a deduplication id of its own."""
        for message in messages:
            self.client.send_message(
                QueueUrl=self.url(queue), MessageBody=message, MessageGroupId="check",
                MessageDeduplicationId=str(random.getrandbits(64)),
            )  # fmt: skip

    def taken(self, queue: str) -> list[str]:
        """Return the messages that wait on a queue, in order, and delete them."""
        url, found = self.url(queue), []
        while messages := self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def time_out(self, queue: str) -> None:
        """Make visible again what scripts received and did not delete, as after the visibility timeout."""
        url, gone = self.url(queue), self.client.exceptions
        for handle in self.handles():
            with suppress(gone.ReceiptHandleIsInvalid, gone.MessageNotInflight):
                self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

    # What the scripts did.

    def of(self, *actions: str) -> list[Request]:
        """Return the requests of these actions, oldest first."""
        return [request for request in list(self.requests) if request.action in actions]

    def handles(self) -> dict[str, str]:
        """Return the receipt handles that scripts got, each with its message, oldest first."""
        received = (message for one in self.of("ReceiveMessage") for message in one.said.get("Messages", []))
        return {message["ReceiptHandle"]: message["Body"] for message in received}

    def deleted(self) -> list[tuple[float, str]]:
        """Return when SQS deleted which message on a script's request, by its receipt handle, oldest first."""
        found = []
        for one in self.of("DeleteMessage", "DeleteMessageBatch"):
            failed = {entry["Id"] for entry in one.said.get("Failed", [])}
            entries = one.body.get("Entries", [one.body])
            gone = [each["ReceiptHandle"] for each in entries if one.done and each.get("Id") not in failed]
            found += [(one.at, self.handles()[handle]) for handle in gone if handle in self.handles()]
        return found

    def _serve(self, action: str, body: Body, headers: dict[str, str]) -> Answer | None:
        account = headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        request = Request(action, body, account, time.monotonic())
        self.requests.append(request)
        passed = dict(body)
        if int(passed.get("WaitTimeSeconds") or 0) > POLL_SECONDS:
            passed["WaitTimeSeconds"] = POLL_SECONDS
        fault = self.fault(request)
        answer = None if fault == "drop" else pass_on(self._target, passed, headers)
        if answer is None:
            return None
        request.said, request.status = answer.body, answer.status
        if fault == "lose":
            return None
        request.answered = time.monotonic()
        return answer
