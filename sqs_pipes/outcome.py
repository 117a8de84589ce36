"""What became of one input: the output, where it goes, and what is to be done once it is there."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from sqs_pipes.envelope import Envelope, id_of_output
from sqs_pipes.errors import WrongOutput
from sqs_pipes.hand import Held
from sqs_pipes.output import EmptyTaskOutput, TaskCallback
from sqs_pipes.plan import Plan
from sqs_pipes.sqs import Entry


@dataclass(eq=False)
class Outcome:
    """`held` is the input, None for the first task; `entry` is to be sent to `target`, None where nothing is."""

    held: Held | None
    value: Any
    empty: bool
    callback: TaskCallback | None = None
    entry: Entry | None = None
    target: str = ""

    @property
    def valid(self) -> bool:
        """Return whether the input is still ours, so that its output shall be sent and it be deleted."""
        return self.held is None or self.held.ours


def outcome(
    plan: Plan, held: Held | None, source: Envelope | None, result: Any, identity: str | None = None
) -> Outcome:
    """Return what became of `held`; `identity` is the output's id where the input does not give it.

    Raise WrongOutput where the result cannot be sent, and what the user's functions raise.
    """
    callback = result if isinstance(result, TaskCallback) else None
    value = callback.result if callback else result
    empty = isinstance(value, EmptyTaskOutput) or (value is None and plan.settings.ignore_none)
    found = Outcome(held, value, empty, callback)
    if not empty and plan.targets:
        level = _level(plan, source, value)
        identity = identity or (id_of_output(plan.task.name, source.id) if source else str(uuid.uuid4()))
        found.entry, found.target = _entry(plan, value, level, _borne(identity)), plan.targets[level]
    return found


def _entry(plan: Plan, value: Any, level: int, identity: str) -> Entry:
    """Return the message that holds the value; its id is `identity`."""
    body = Envelope(value, identity, level).encoded(plan.task.name)
    if not plan.settings.fifo:
        return Entry(body)
    key = plan.settings.group
    return Entry(body, _borne(str(key(value))) if key else identity, identity)


def _borne(text: str) -> str:
    """Return it as SQS takes message groups and ids: 1 to 128 ASCII characters without spaces; others by their hash."""
    fits = 1 <= len(text) <= 128 and text.isascii() and text.isprintable() and " " not in text
    return text if fits else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _level(plan: Plan, source: Envelope | None, value: Any) -> int:
    if callable(plan.priority):
        level = plan.priority(value)
        if not isinstance(level, int) or level < 0:
            raise WrongOutput(f"task {plan.task.name}: its priority is a whole number, 0 or more, not {level!r}")
    else:
        level = max(plan.priority, source.priority if source else 0)
    return min(level, len(plan.targets) - 1)
