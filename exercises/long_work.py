"""The work of exercise 10, as given: it takes long, and cannot be cut into pieces. The checks use this file."""

import os
import time

from exercises.work import _note

SECONDS = float(os.environ.get("LONG_WORK_SECONDS", "4"))


def work(message):
    """Do the work that a message asks for: wait, then print it."""
    if not isinstance(message, str):
        raise TypeError(f"work() takes text, not {type(message).__name__}; decode a body first: body.decode()")
    _note("begin", message)
    time.sleep(SECONDS)
    print(message)
    _note("done", message)
