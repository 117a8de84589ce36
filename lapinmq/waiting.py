"""Waiting for an event with a deadline."""

import threading
import time

STEP_SECONDS = 0.5
"""On Windows a wait holds Ctrl+C back until it ends."""


def wait_for(event: threading.Event, seconds: float) -> bool:
    """Block until the event is set, at most so many seconds; return whether it is."""
    deadline = time.monotonic() + seconds
    while not event.is_set():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        event.wait(min(STEP_SECONDS, left))
    return True
