"""The work of the exercises, as given: it takes a while. Import it; the checks use this file, not a changed copy."""

import json
import os
import time

SECONDS = 0.4


def work(message):
    """Do the work that a message asks for: wait, then print it. The checks read in a journal when it was done."""
    if not isinstance(message, str):
        raise TypeError(f"work() takes text, not {type(message).__name__}; decode a body first: body.decode()")
    _note("begin", message)
    time.sleep(SECONDS)
    print(message)
    _note("done", message)


def peel(message):
    """Peel a vegetable."""
    _cook("peel", message, 0.2)


def chop(message):
    """Chop a vegetable."""
    _cook("chop", message, 0.5)


def fry(message):
    """Fry a vegetable."""
    _cook("fry", message, 0.1)


def _cook(what, message, seconds):
    _note("begin", f"{what} {message}")
    time.sleep(seconds)
    _note("done", f"{what} {message}")


def _note(what, message):
    journal = os.environ.get("CHECK_JOURNAL")
    if journal:
        with open(journal, "a", encoding="utf-8") as lines:
            lines.write(json.dumps([time.monotonic(), what, message]) + "\n")
