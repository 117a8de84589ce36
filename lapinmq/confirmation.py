"""The future of an async send."""

import os
import threading
from concurrent.futures import Future
from typing import Any

_making = threading.RLock()


def _after_fork() -> None:
    """Give the child a lock of its own: the parent's I/O thread may have held this one."""
    global _making  # noqa: PLW0603
    _making = threading.RLock()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)


class Confirmation(Future[None]):
    """A future whose inside is made when somebody looks at it.

    Most are never looked at: callers count on callbacks, or on flush(). A Future is a dozen objects, and with ten
    thousand unconfirmed messages looking through them would be half of a publisher's work, by the garbage collector.
    """

    def __init__(self) -> None:
        self.answered = False
        self.error: BaseException | None = None

    def __getattr__(self, name: str) -> Any:
        """Make the inside, which is where all attributes are that are not here yet."""
        if name.startswith("__"):
            raise AttributeError(name)
        finish = False
        with _making:
            if "_state" not in self.__dict__:
                super().__init__()
                finish = self.answered
        if finish:
            self._finish()
        return object.__getattribute__(self, name)

    def cancel(self) -> bool:
        """Return False: a message that was given to the publisher is sent."""
        return False

    def tell(self, error: BaseException | None) -> None:
        """Finish the future: with None as its result, or with the error."""
        with _making:
            self.error, self.answered = error, True
            looked_at = "_state" in self.__dict__
        if looked_at:
            self._finish()  # outside the lock, since done-callbacks are the user's

    def _finish(self) -> None:
        if self.error is None:
            self.set_result(None)
        else:
            self.set_exception(self.error)
