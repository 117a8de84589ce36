"""SQS itself: the only module that knows boto3. Any thread may use it, since boto3's clients are thread-safe."""

import ipaddress
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.loaders
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.parsers import ResponseParserError

from sqs_pipes.envelope import MOST_BYTES
from sqs_pipes.errors import NotAllowed, NotReached, PipesError, QueueGone, Refused
from sqs_pipes.record import recorded

BATCH = 10
"""Most messages of one request (SQS quotas)."""

CONNECT_SECONDS = 3

KNOWN_SECONDS = 2
"""A new queue may be unknown for a second (SQS, CreateQueue)."""
CONNECTIONS = 64

LOADER = botocore.loaders.create_loader()
"""Keeps what it has read of SQS's API, for all clients of the process: 75 ms and 8 MB each otherwise."""

DENIED = {
    "InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "AccessDenied",
    "AccessDeniedException", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException", "OptInRequired",
    "MissingAuthenticationToken", "IncompleteSignature", "InvalidSecurity", "KMS.AccessDeniedException", "403",
}  # fmt: skip
GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
LOST = {"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue", "InvalidParameterValueException"}
BUSY = ("Throttl", "OverLimit", "SlowDown", "RequestLimit", "TooManyRequests")
THERE = {"QueueAlreadyExists", "QueueNameExists"}
NO_CREDENTIALS = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)


class How(Enum):
    """How to ask: seconds to wait for an answer, and attempts."""

    USUAL = (3, 2)  # so that an endpoint that is away or silent is named within 10 s
    POLL = (30, 1)  # a long poll answers after 20 s at most
    BRIEF = (2, 1)  # for what is given back: if that fails, the visibility timeout does the same later


@dataclass(frozen=True)
class Received:
    """A message as it was received. `id` is the same each time, `handle` another one each time."""

    url: str
    id: str
    handle: str
    body: str
    receives: int
    group: str


@dataclass(frozen=True)
class Entry:
    """A message to be sent; group and deduplication id only for a FIFO queue."""

    body: str
    group: str = ""
    deduplication: str = ""

    def told(self, number: int) -> dict[str, Any]:
        """Return it as SendMessageBatch takes it."""
        told: dict[str, Any] = {"Id": str(number), "MessageBody": self.body}
        if self.group:
            told |= {"MessageGroupId": self.group, "MessageDeduplicationId": self.deduplication}
        return told


class QueueThere(PipesError):
    """A queue of that name exists, with other attributes."""


class Sqs:
    """SQS in one region, or what boto3's AWS_ENDPOINT_URL_SQS names, or the local emulator.

    Every method blocks for the answer and raises QueueGone, NotAllowed or NotReached.
    """

    def __init__(self, key: str | None, secret: str | None, region: str) -> None:
        """Find out where it is; nothing is asked yet. Raise NotAllowed where there are no credentials."""
        self._given, self._made_at = (key, secret, region), float("-inf")
        self._connect()

    def _connect(self) -> None:
        key, secret, region = self._given
        emulator, self._pid = recorded(), os.getpid()
        core = botocore.session.get_session()
        core.register_component("data_loader", LOADER)
        if emulator:  # then there is no need to look for an EC2 instance's credentials, which takes seconds elsewhere
            core.set_config_variable("metadata_service_num_attempts", 0)
        session = boto3.Session(key, secret, region_name=region, botocore_session=core)
        try:
            where = self._where(session, emulator)
            self._clients = {how: session.client("sqs", config=_config(*how.value), **where) for how in How}
        except (boto.BotoCoreError, ValueError) as error:
            raise NotReached(f"SQS in region {region!r}: {error}") from error
        self.place = str(self._clients[How.USUAL].meta.endpoint_url)

    def _where(self, session: boto3.Session, emulator: str | None) -> dict[str, Any]:
        """Return nothing where boto3 has credentials; else what leads to an emulator."""
        if session.get_credentials() is not None:
            return {}
        local = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        endpoint = str(session.client("sqs", **local).meta.endpoint_url)  # type: ignore[call-overload]
        if _is_loopback(endpoint):
            return local
        if emulator:
            return {"endpoint_url": emulator, **local}
        raise NotAllowed(
            f"{endpoint}: there are no AWS credentials, and no SQS runs on this machine; "
            "set up credentials (aws configure), or type: python -m sqs_pipes.local start"
        )

    def url(self, name: str) -> str | None:
        """Return the URL of a queue, or None where there is none."""
        try:
            return self._queue_url("get_queue_url", QueueName=name)
        except QueueGone:
            return None

    def create(self, name: str, attributes: dict[str, str]) -> str:
        """Return the URL of a new queue, or of the one that somebody else has made meanwhile."""
        try:
            self._made_at = time.monotonic()
            return self._queue_url("create_queue", QueueName=name, Attributes=attributes)
        except QueueThere:
            return self._queue_url("get_queue_url", QueueName=name)

    def _queue_url(self, action: str, **words: Any) -> str:
        found = self._ask(action, **words).get("QueueUrl")
        if not found:
            raise NotReached(f"{self.place}: what answers there is no SQS; AWS_ENDPOINT_URL_SQS sets another place")
        return str(found)

    def urls(self, prefix: str) -> Iterator[str]:
        """Yield the URL of each queue whose name begins so, page by page."""
        more: dict[str, Any] = {}
        while True:
            page = self._ask("list_queues", QueueNamePrefix=prefix, MaxResults=1000, **more)
            yield from page.get("QueueUrls", ())
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def attribute(self, url: str, name: str) -> str:
        """Return an attribute of a queue."""
        return str(self._ask("get_queue_attributes", QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def purge(self, url: str) -> None:
        """Empty a queue, if there is one."""
        with suppress(QueueGone):
            self._ask("purge_queue", QueueUrl=url)

    def delete_queue(self, url: str) -> None:
        """Delete a queue, if there is one: SQS lists deleted ones for a while."""
        with suppress(QueueGone):
            self._ask("delete_queue", QueueUrl=url)

    def receive(self, url: str, most: int, wait: int, hidden: int) -> list[Received]:
        """Return up to `most` messages, hidden from others for `hidden` seconds. Blocks up to `wait` seconds."""
        names = ["ApproximateReceiveCount", "MessageGroupId"]
        words: dict[str, Any] = {"MaxNumberOfMessages": min(most, BATCH), "MessageSystemAttributeNames": names}
        words |= {"QueueUrl": url, "WaitTimeSeconds": wait, "VisibilityTimeout": hidden}
        answer = self._ask("receive_message", How.POLL if wait else How.USUAL, **words)
        return [_received(url, message) for message in answer.get("Messages", ())]

    def send(self, url: str, entries: Sequence[Entry]) -> list[str]:
        """Send up to ten messages, 1 MiB in all; return for each '' or why it was not sent."""
        return self._batch("send_message_batch", url, [entry.told(n) for n, entry in enumerate(entries)])

    def delete(self, messages: Sequence[Received]) -> list[str]:
        """Delete up to ten messages of one queue; return for each '' or why it was not deleted."""
        batch = [{"Id": str(n), "ReceiptHandle": message.handle} for n, message in enumerate(messages)]
        return self._batch("delete_message_batch", messages[0].url, batch)

    def hide(self, messages: Sequence[Received], seconds: int) -> list[str]:
        """Hide up to ten messages of one queue for so many seconds from now; return for each '' or why not."""
        handles = enumerate(message.handle for message in messages)
        batch = [{"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds} for n, handle in handles]
        how = How.USUAL if seconds else How.BRIEF
        return self._batch("change_message_visibility_batch", messages[0].url, batch, how)

    def _batch(self, action: str, url: str, batch: list[dict[str, Any]], how: How = How.USUAL) -> list[str]:
        answer = self._ask(action, how, QueueUrl=url, Entries=batch)
        done = {each["Id"]: "" for each in answer.get("Successful", ())}
        failed = {each["Id"]: f"{each.get('Code')}: {each.get('Message', '')}" for each in answer.get("Failed", ())}
        return [{**failed, **done}.get(each["Id"], "SQS did not say what became of it") for each in batch]

    def _ask(self, action: str, how: How = How.USUAL, **words: Any) -> dict[str, Any]:
        if os.getpid() != self._pid:  # after a fork parent and child would read each other's answers
            self._connect()
        try:
            answer: dict[str, Any] = getattr(self._clients[how], action)(**words)
        except (boto.BotoCoreError, boto.ClientError, ResponseParserError, ValueError) as error:
            queue = str(words.get("QueueUrl") or words.get("QueueName") or "").rsplit("/", 1)[-1]
            raise self._told(error, action, queue) from error
        return answer

    def _told(self, error: Exception, action: str, queue: str) -> PipesError:
        about = f"queue {queue} at {self.place}" if queue else self.place
        told = getattr(error, "response", None) or {}
        code = str(told.get("Error", {}).get("Code", ""))
        cause = f"{code}: {told['Error'].get('Message', '')}" if code else f"{type(error).__name__}: {error}"
        cause = " ".join(cause.split())
        if code in GONE and action != "get_queue_url" and time.monotonic() < self._made_at + KNOWN_SECONDS:
            return NotReached(f"{about}: SQS does not know this queue yet")
        if code in GONE:
            return QueueGone(f"{about}: there is no such queue (any more); the next run of its task makes it")
        if code in THERE:
            return QueueThere(f"{about}: {cause}")
        if code in DENIED or isinstance(error, NO_CREDENTIALS):
            return NotAllowed(f"{about}: the credentials are missing, wrong or not allowed to {action} ({cause})")
        status = told.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if code and 400 <= status < 500 and status not in (404, 408, 429) and not any(word in code for word in BUSY):
            return Refused(f"{about}: SQS refused to {action} ({cause})")
        return NotReached(f"{about}: {action} failed ({cause}); is that the place? AWS_ENDPOINT_URL_SQS sets another")


def is_lost(reason: str) -> bool:
    """Return whether a refusal says that the message is no longer ours: deleted, or visible to others again."""
    return reason.split(":", maxsplit=1)[0].rsplit(".", 1)[-1] in LOST


def _config(read_seconds: int, attempts: int) -> Config:
    return Config(
        max_pool_connections=CONNECTIONS, connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts}, parameter_validation=False,
        user_agent=f"sqs_pipes Boto3/{boto3.__version__}",  # else made anew for each request, a sixth of its CPU
    )  # fmt: skip


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _received(url: str, message: dict[str, Any]) -> Received:
    told = message.get("Attributes", {})
    receives, group = int(told.get("ApproximateReceiveCount", 1)), str(told.get("MessageGroupId", ""))
    return Received(url, message["MessageId"], message["ReceiptHandle"], message["Body"], receives, group)


def batches(entries: Sequence[Entry]) -> Iterator[list[int]]:
    """Yield the positions of entries that go into one request: at most ten, 1 MiB in all, and one of each group.

    A message that fails alone is sent again after its neighbours: one of its own group would have overtaken it.
    """
    size, batch, groups = 0, list[int](), set[str]()
    for number, entry in enumerate(entries):
        if batch and (len(batch) == BATCH or size + len(entry.body) > MOST_BYTES or entry.group in groups - {""}):
            yield batch
            size, batch, groups = 0, [], set()
        batch.append(number)
        groups.add(entry.group)
        size += len(entry.body)
    if batch:
        yield batch
