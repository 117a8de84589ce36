"""A Bench: the SQS of one lab. An account of its own on the emulator, and a proxy that writes down each request.

Scripts reach the emulator by the proxy; create(), send(), taken() go past it. Each connection has a thread; `requests`
may be read from any.
"""

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import boto3

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
        self._server = _Server(self)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sqs", daemon=True).start()

    def environment(self) -> dict[str, str]:
        """Return the variables by which boto3 finds the proxy."""
        return {
            "AWS_ENDPOINT_URL_SQS": self.endpoint, "AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "check",
            "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
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

    def serve(self, request: Request, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]] | None:
        """Return the answer to a request; None where there is to be none."""
        self.requests.append(request)
        passed = dict(request.body)
        if int(passed.get("WaitTimeSeconds") or 0) > POLL_SECONDS:
            passed["WaitTimeSeconds"] = POLL_SECONDS
        fault = self.fault(request)
        answer = None if fault == "drop" else self._asked(passed, headers)
        if answer is None:
            return None
        request.said = json.loads(answer[1] or b"{}")
        request.status = answer[0]
        if fault == "lose":
            return None
        request.answered = time.monotonic()
        return answer

    def _asked(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]] | None:
        kept = {name: text for name, text in headers.items() if name.lower() not in ("content-length", "connection")}
        connection = HTTPConnection("127.0.0.1", self._target, timeout=30)
        try:
            connection.request("POST", "/", json.dumps(body).encode(), kept)
            answer = connection.getresponse()
            error = answer.getheader("x-amzn-query-error")
            return answer.status, answer.read(), {"x-amzn-query-error": error} if error else {}
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Be silent about scripts that are gone."""


class _Connection(BaseHTTPRequestHandler):
    """A script's connection, kept for its next request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """Serve one request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        action = self.headers.get("X-Amz-Target", "").partition(".")[2]
        account = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        request = Request(action, body, account, time.monotonic())
        answer = self.server.bench.serve(request, dict(self.headers.items()))
        if answer is None:
            self._cut()
        else:
            self._send(*answer)

    def _send(self, status: int, text: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(text)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *words: object) -> None:
        """Write no log."""
