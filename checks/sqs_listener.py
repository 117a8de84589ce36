"""A listener on 127.0.0.1 that speaks SQS's JSON protocol to boto3, and has each request answered by a function.

Each connection has a thread, in which the function is called.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PASSING_SECONDS = 60
"""How long the SQS behind may take; its longest poll is 20 s."""

Body = dict[str, Any]


class Answer(NamedTuple):
    """What the client gets: a status with a body as AWS writes it."""

    status: int
    body: Body
    headers: dict[str, str] = {}  # noqa: RUF012 - a tuple's default, changed by nobody


Serve = Callable[[str, Body, dict[str, str]], Answer | None]
"""Called with a request's action, body and headers; None resets the connection instead of answering."""


def pass_on(port: int, body: Body, headers: Mapping[str, str]) -> Answer | None:
    """Return what the SQS on a port of this machine answers; None where it does not."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PASSING_SECONDS)
    kept = {name: text for name, text in headers.items() if name.lower() not in ("content-length", "connection")}
    try:
        connection.request("POST", "/", json.dumps(body).encode(), kept)
        answer = connection.getresponse()
        said = json.loads(answer.read() or b"{}")
        error = answer.getheader("x-amzn-query-error")
        return Answer(answer.status, said, {"x-amzn-query-error": error} if error else {})
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


class Listener(ThreadingHTTPServer):
    """Listens from the start to close()."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        super().__init__(("127.0.0.1", 0), _Connection)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sqs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more. Blocks until it is so."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Be silent about clients that are gone."""


class _Connection(BaseHTTPRequestHandler):
    """A client's connection, kept for its next request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def do_POST(self) -> None:
        """Serve one request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        action = self.headers.get("X-Amz-Target", "").partition(".")[2]
        try:
            answer = self.server.serve(action, body, dict(self.headers.items()))
            if answer is None:
                raise ConnectionAbortedError
            self._send(answer)
        except OSError:
            self._cut()

    def _send(self, answer: Answer) -> None:
        text = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(text)), **answer.headers}
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
