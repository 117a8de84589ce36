"""What a task may return besides a value: a value with a callback, or nothing to send on."""

from collections.abc import Callable, Iterable
from typing import Any


class EmptyTaskOutput:
    """Return one where a task has no output, also with ignore_none=False."""


class TaskCallback:
    """An output with a function that is called once the output is sent, and before the input is deleted."""

    def __init__(self, result: Any, callback: Callable[..., Any], callback_args: Iterable[Any] = ()) -> None:
        """Wrap `result`; what the callback raises counts as the task's own error."""
        self.result, self.callback, self.callback_args = result, callback, tuple(callback_args or ())

    def run(self) -> None:
        """Call the function."""
        self.callback(*self.callback_args)
