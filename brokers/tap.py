"""A tap on the line: a TCP proxy before the broker that writes down each AMQP method that passes, and when.

It is how a check, or a picture, knows what a script did, whatever the script says: its acks, its prefetch, its
connections. Each direction of each connection has a thread; `seen` may be read from any.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pika.exceptions
import pika.frame
import pika.spec

CHUNK = 65_536

CONTENT = ("Basic.Publish", "Basic.Deliver", "Basic.GetOk", "Basic.Return")
"""The methods that a message follows: a frame with its properties, then frames with its body (AMQP 0-9-1, 2.3.5.2)."""


@dataclass(frozen=True)
class Seen:
    """One AMQP method: `up` from the script to the broker; `at` is time.monotonic(), taken before it was passed on."""

    at: float
    connection: int
    channel: int
    up: bool
    method: Any
    properties: Any = None
    body: bytes = b""

    @property
    def name(self) -> str:
        """Return such as Basic.Ack."""
        return str(self.method.NAME)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode(errors="backslashreplace")


class Tap:
    """Listens on 127.0.0.1:`port` from the start to close(), and passes all on to the broker at host:port.

    With `heartbeat` the scripts are told that many seconds by the broker, in place of its own 60. Scripts that send
    more than `most_methods` or `most_bytes` are cut off, and let in no more; `exceeded` then says so.
    """

    def __init__(
        self, host: str, port: int, heartbeat: int | None = None, most_methods: int = 100_000, most_bytes: int = 1 << 26
    ) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.heartbeat = heartbeat
        self.exceeded = ""
        self._most_methods, self._most_bytes, self._bytes = most_methods, most_bytes, 0
        self._broker = (host, port)
        self._held = threading.Event()
        self._lock = threading.Lock()
        self._links: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, name="tap", daemon=True).start()

    def close(self) -> None:
        """Listen no more, and cut what is connected."""
        with suppress(OSError):  # wakes accept(), which close() alone does not
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections, as a pulled plug would; what was held is gone. New ones are served."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self._held.clear()

    def hold(self) -> None:
        """Pass nothing on to the broker from now until cut(): it is written down, and then lost."""
        self._held.set()

    def count(self, size: int) -> None:
        """Add to what has passed; cut all off when it is too much."""
        self._bytes += size
        if len(self.seen) > self._most_methods or self._bytes > self._most_bytes:
            most = f"{self._most_methods} commands and messages, or {self._most_bytes >> 20} MB"
            self.exceeded = f"more than {most} passed between it and the broker"
            self.cut()

    def methods(self, name: str, up: bool = True) -> list[Seen]:
        """Return what passed of one method so far."""
        return [each for each in list(self.seen) if each.up == up and each.name == name]

    def _accept(self) -> None:
        while True:
            try:
                script, _ = self._server.accept()
            except OSError:
                return
            try:
                if self.exceeded:
                    raise OSError(self.exceeded)
                broker = socket.create_connection(self._broker, timeout=10)
            except OSError:  # the broker is down: the script shall see that, and may try again
                script.close()
                continue
            broker.settimeout(None)
            self.connections += 1
            with self._lock:
                self._links += [script, broker]
            for source, target, up in ((script, broker, True), (broker, script, False)):
                line = _Line(self, self.connections, up)
                threading.Thread(target=self._pass, args=(line, source, target), name="tap", daemon=True).start()

    def _pass(self, line: "_Line", source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                passed = line.read(chunk)
                self.count(len(chunk))
                if not (line.up and self._held.is_set()):
                    target.sendall(passed)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._links = [link for link in self._links if link is not source]
        source.close()


@dataclass
class _Line:
    """One direction of one connection: turns its bytes into frames, and frames into what is seen."""

    tap: Tap
    connection: int
    up: bool
    _buffer: bytes = b""
    _begun: dict[int, list[Any]] = field(default_factory=dict)  # by channel: method, properties, bytes missing, body

    def read(self, chunk: bytes) -> bytes:
        """Write down the frames that are whole now; return the bytes to pass on."""
        if self._buffer is None:
            return chunk
        self._buffer += chunk
        passed = chunk
        frame: Any
        try:
            while self._buffer:
                size, frame = pika.frame.decode_frame(self._buffer)
                if frame is None:
                    break
                if self.tap.heartbeat is not None and _tunes(frame):
                    frame.method.heartbeat = self.tap.heartbeat
                    passed = passed.replace(self._buffer[:size], frame.marshal())
                self._buffer = self._buffer[size:]
                self._note(frame)
        except (pika.exceptions.AMQPError, ValueError, KeyError, IndexError):  # not AMQP: the broker will say so
            self._buffer = None  # type: ignore[assignment]
        return passed

    def _note(self, frame: Any) -> None:
        channel = frame.channel_number if hasattr(frame, "channel_number") else 0
        if isinstance(frame, pika.frame.Method):
            if frame.method.NAME in CONTENT:
                self._begun[channel] = [frame.method, None, 0, b""]
            else:
                self._write(channel, frame.method)
        elif channel in self._begun:
            begun = self._begun[channel]
            if isinstance(frame, pika.frame.Header):
                begun[1], begun[2] = frame.properties, frame.body_size
            elif isinstance(frame, pika.frame.Body):
                begun[3] += frame.fragment
            if len(begun[3]) >= begun[2]:
                del self._begun[channel]
                self._write(channel, begun[0], begun[1], begun[3])

    def _write(self, channel: int, method: Any, properties: Any = None, body: bytes = b"") -> None:
        at = time.monotonic()
        self.tap.seen.append(Seen(at, self.connection, channel, self.up, method, properties, body))


def _tunes(frame: Any) -> bool:
    return isinstance(frame, pika.frame.Method) and isinstance(frame.method, pika.spec.Connection.Tune)
