"""A message's body: the value, the priority that it travels with, and an id that stays the same on each delivery."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqs_pipes.errors import WrongMessage, WrongOutput

ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""One for all: json.dumps would make an encoder for each message."""

MOST_BYTES = 1_048_576
"""Of a message, and of all messages of a request in total (SQS quotas)."""


@dataclass(frozen=True)
class Envelope:
    """What a message holds. `id` tells duplicates: the output of the same input has the same id each time."""

    value: Any
    id: str
    priority: int = 0

    def encoded(self, task: str) -> str:
        """Return the message's body; raise WrongOutput where JSON or SQS cannot bear it."""
        meta = {"priority": self.priority, "id": self.id}
        try:
            body = ENCODE({"value": self.value, "meta": meta})
        except (TypeError, ValueError, RecursionError) as error:
            kind = type(self.value).__name__
            raise WrongOutput(f"task {task}: JSON cannot hold its output, of type {kind}: {error}") from error
        if len(body) > MOST_BYTES:  # json.dumps writes ASCII: a character is a byte
            output = f"its output, of type {type(self.value).__name__}, has {len(body)} bytes as JSON"
            raise WrongOutput(f"task {task}: {output}; SQS takes {MOST_BYTES}")
        return body


def opened(body: str, message_id: str, queue: str) -> Envelope:
    """Return what a message holds; raise WrongMessage where it is none of ours."""
    try:
        told = json.loads(body)
        value, meta = told["value"], told.get("meta") or {}
        return Envelope(value, str(meta.get("id") or message_id), int(meta.get("priority", 0)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        cause = type(error).__name__
        raise WrongMessage(f"queue {queue}: message {message_id} was not sent by a task: {cause}") from error


def id_of_output(task: str, id_of_input: str) -> str:
    """Return the id by which SQS knows, for five minutes, that the output of this input has been sent already."""
    return hashlib.sha256(f"{task}\n{id_of_input}".encode()).hexdigest()
