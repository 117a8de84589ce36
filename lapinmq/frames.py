"""AMQP 0-9-1 frames as bytes: the four that a busy publisher or consumer sends, made without pika's frame objects.

A frame is a type, a channel, a length, the payload and 0xCE (2.3.5 of
https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf).
"""

import struct
from collections.abc import Iterator

METHOD, HEADER, BODY = 1, 2, 3
END = b"\xce"
OVERHEAD = 8
"""Bytes of a frame beside its payload, which count towards the frame size that was agreed on."""

BASIC = 60
PUBLISH, DELIVER, ACK, REJECT, NACK = (BASIC << 16 | number for number in (40, 60, 80, 90, 120))
PERSISTENT = 2

_FRAME = struct.Struct(">BHI")
_HEADER = struct.Struct(">BHIHHQ")
_SETTLED = struct.Struct(">BHIIQBB")
_WITH_MODE_AND_ID = b"\x10\x80\x02"  # the flags of delivery_mode and message_id, and PERSISTENT
_WITH_EXPIRATION = b"\x11\x80\x02"


def publish(channel: int, exchange: bytes, routing_key: bytes) -> bytes:
    """Return basic.publish, mandatory."""
    payload = struct.pack(">IH", PUBLISH, 0) + _short(exchange) + _short(routing_key) + b"\x01"
    return _FRAME.pack(METHOD, channel, len(payload)) + payload + END


def content(channel: int, properties: bytes, body: bytes, frame_max: int) -> Iterator[bytes]:
    """Yield the pieces of the header frame and of as many body frames as the agreed frame size asks for."""
    size = len(body)
    yield _HEADER.pack(HEADER, channel, 12 + len(properties), BASIC, 0, size)
    yield properties
    room = frame_max - OVERHEAD
    for start in range(0, size, room):
        piece = body if size <= room else body[start : start + room]
        yield END + _FRAME.pack(BODY, channel, len(piece))
        yield piece
    yield END


def properties(message_id: bytes, expiration: bytes = b"") -> bytes:
    """Return the encoded properties of a persistent message that has no others."""
    if expiration:
        return _WITH_EXPIRATION + _short(expiration) + _short(message_id)
    return _WITH_MODE_AND_ID + _short(message_id)


def ack(channel: int, tag: int, multiple: bool = False) -> bytes:
    """Return basic.ack; `multiple` acknowledges all deliveries of the channel up to the tag."""
    return _SETTLED.pack(METHOD, channel, 13, ACK, tag, multiple, 0xCE)


def reject(channel: int, tag: int, requeue: bool) -> bytes:
    """Return basic.reject. From RabbitMQ 4.3 it counts towards a quorum queue's delivery limit."""
    return _SETTLED.pack(METHOD, channel, 13, REJECT, tag, requeue, 0xCE)


def nack(channel: int, tag: int) -> bytes:
    """Return basic.nack of one delivery that goes back to its queue. From RabbitMQ 4.3 it counts towards no limit."""
    return _SETTLED.pack(METHOD, channel, 13, NACK, tag, 2, 0xCE)


def _short(text: bytes) -> bytes:
    return bytes((len(text),)) + text
