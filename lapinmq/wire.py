"""The TCP connection: pika's SelectConnection with a short way for what a busy connection is full of.

Everything of pika that is not public stands here, and tests/test_lapinmq_wire.py fails when a release changes it. What
is gained: pika makes objects of each frame and sends each by itself; here confirms and deliveries are read out of the
bytes, and all that waits to be sent leaves in one write. Whatever is not one of these takes pika's own way.

Thread: the I/O thread only.
"""

import struct
from typing import Any, Protocol

from pika import frame as pika_frame
from pika.adapters.select_connection import SelectConnection
from pika.adapters.utils.io_services_utils import _AsyncPlaintextTransport
from pika.exceptions import InvalidFrameError, StreamLostError

from lapinmq import frames

RECEIVE_BYTES = 1 << 17
"""How much one read takes from the socket; pika's 4096 would be three reads for a message of 10 KB."""

_FRAME = struct.Struct(">BHI")
_METHOD = struct.Struct(">I")
_TAG = struct.Struct(">QB")
_SIZE = struct.Struct(">Q")


class Sink(Protocol):
    """Who takes a channel's confirms and deliveries."""

    def confirmed(self, tag: int, multiple: bool) -> None:
        """Take basic.ack."""

    def nacked(self, tag: int, multiple: bool) -> None:
        """Take basic.nack."""

    def delivered(self, tag: int, redelivered: bool, routing: bytes, properties: bytes, body: bytes) -> None:
        """Take a message: `routing` is its exchange and routing key as AMQP short strings, `properties` is encoded."""


class _Partial:
    """A delivery of which frames are still to come."""

    __slots__ = ("missing", "pieces", "properties", "redelivered", "routing", "tag")

    def __init__(self, tag: int, redelivered: bool, routing: bytes) -> None:
        self.tag, self.redelivered, self.routing = tag, redelivered, routing
        self.properties = b""
        self.pieces: list[bytes] = []
        self.missing = -1  # bytes of the body; not known before the header frame


class Wire(SelectConnection):
    """One TCP connection to a broker. `sinks` says for each channel number who takes its confirms and deliveries."""

    def __init__(self, *words: Any, **named: Any) -> None:
        self.sinks: dict[int, Sink] = {}
        self._partial: dict[int, _Partial] = {}
        super().__init__(*words, **named)

    @property
    def frame_max(self) -> int:
        """The largest frame agreed on, in bytes."""
        return int(self.params.frame_max)

    @property
    def backlog(self) -> int:
        """Bytes that wait for the socket."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def write(self, data: bytes) -> None:
        """Send whole frames: at once as much as the socket takes, the rest when it can take more."""
        self.bytes_sent += len(data)
        sent = 0
        transport = self._transport
        if isinstance(transport, _AsyncPlaintextTransport) and not transport.get_write_buffer_size():
            try:
                sent = transport._sock.send(data)
            except OSError:  # full, or broken, which the loop finds out and reports
                sent = 0
        if transport and sent < len(data):
            self._adapter_emit_data(data[sent:])

    def abort(self, why: str) -> None:
        """Drop the connection without a farewell."""
        if self._transport:
            self._terminate_stream(StreamLostError(why))

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = RECEIVE_BYTES
        super()._proto_connection_made(transport)

    def _on_data_available(self, data_in: bytes) -> None:
        if not self._opened:
            super()._on_data_available(data_in)
            return
        data = self._frame_buffer + data_in if self._frame_buffer else data_in
        at, end = 0, len(data)
        while end - at >= frames.OVERHEAD:
            kind, number, size = _FRAME.unpack_from(data, at)
            after = at + frames.OVERHEAD + size
            if after > end:
                break
            if data[after - 1] != 0xCE:
                raise InvalidFrameError("a frame does not end where it should")
            sink = self.sinks.get(number)
            if sink is None or not self._take(sink, kind, number, data, at + 7, after - 1):
                other = pika_frame.decode_frame(data[at:after])[1]
                assert other is not None  # it is whole
                self._process_frame(other)
            at = after
        self._frame_buffer = data[at:]
        self.bytes_received += at

    def _take(self, sink: Sink, kind: int, number: int, data: bytes, start: int, stop: int) -> bool:
        """Hand a confirm or a part of a delivery on; return whether it was one."""
        if kind == frames.METHOD:
            (method,) = _METHOD.unpack_from(data, start)
            if method == frames.DELIVER:
                tag_at = start + 5 + data[start + 4]
                tag, redelivered = _TAG.unpack_from(data, tag_at)
                self._partial[number] = _Partial(tag, bool(redelivered), data[tag_at + 9 : stop])
                return True
            if method in (frames.ACK, frames.NACK):
                tag, bits = _TAG.unpack_from(data, start + 4)
                (sink.confirmed if method == frames.ACK else sink.nacked)(tag, bool(bits & 1))
                return True
            return False
        partial = self._partial.get(number)
        if partial is None:
            return False  # of a returned message, which pika puts together
        self._add(sink, partial, number, kind, data[start:stop])
        return True

    def _add(self, sink: Sink, partial: _Partial, number: int, kind: int, payload: bytes) -> None:
        if kind == frames.HEADER:
            (partial.missing,) = _SIZE.unpack_from(payload, 4)
            partial.properties = payload[12:]
        else:
            partial.pieces.append(payload)
            partial.missing -= len(payload)
        if partial.missing == 0:
            del self._partial[number]
            pieces = partial.pieces
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            sink.delivered(partial.tag, partial.redelivered, partial.routing, partial.properties, body)

    def forget(self, number: int) -> None:
        """Drop what is known of a channel that is closed; its number may be given out again."""
        self.sinks.pop(number, None)
        self._partial.pop(number, None)
