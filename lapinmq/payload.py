"""What may be sent: the body, the expiration and the properties, checked before they reach the wire."""

import copy
from typing import Any

import pika

from lapinmq import frames


def body(given: object, limit: int) -> bytes:
    """Return the body as bytes; raise TypeError where it is neither str nor bytes, ValueError over `limit` bytes."""
    if isinstance(given, str):
        given = given.encode()
    if not isinstance(given, bytes):
        kind = type(given).__name__
        raise TypeError(f"the body of a message is str or bytes, not {kind}; turn it into text: json.dumps(body)")
    if len(given) > limit:
        raise ValueError(f"the body has {len(given)} bytes, more than max_body={limit}; send a reference to it")
    return given


def expiration(given: object) -> str:
    """Return milliseconds, int or digits, as the text that AMQP wants; raise ValueError where they are none."""
    if given is None:
        return ""
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit()) or int(text) >= 1 << 32:
        raise ValueError(f"expiration is a number of milliseconds, 0 or more, not {given!r}")
    return text


def short(name: str, text: object) -> str:
    """Return the text of an exchange or routing key; raise TypeError or ValueError where AMQP cannot bear it."""
    if not isinstance(text, str):
        raise TypeError(f"{name} is a str, not {type(text).__name__}")
    if len(text.encode()) > 255:
        raise ValueError(f"{name} has {len(text.encode())} bytes; AMQP allows 255")
    return text


def properties(given: Any, message_id: str, milliseconds: str) -> tuple[bytes, str]:
    """Return the encoded properties and the message id: those given, persistent and with an id where they have none."""
    if given is None:
        return frames.properties(message_id.encode(), milliseconds.encode()), message_id
    if not isinstance(given, pika.BasicProperties):
        raise TypeError(f"properties are pika.BasicProperties, not {type(given).__name__}")
    own = copy.copy(given)
    own.delivery_mode = own.delivery_mode or frames.PERSISTENT
    own.message_id = own.message_id or message_id
    own.expiration = milliseconds or expiration(own.expiration) or None
    short("message_id", own.message_id)
    try:
        return encode(own), own.message_id
    except Exception as error:  # pika and struct raise of many kinds, and name no field
        raise ValueError(f"properties that AMQP cannot bear: {type(error).__name__}: {error}") from error


def encode(given: pika.BasicProperties) -> bytes:
    """Return the properties as AMQP has them in a header frame."""
    return b"".join(given.encode())  # type: ignore[no-untyped-call]


def decode(encoded: bytes) -> pika.BasicProperties:
    """Return the properties of a header frame."""
    found = pika.BasicProperties()  # type: ignore[no-untyped-call]
    found.decode(encoded)  # type: ignore[no-untyped-call]
    return found
