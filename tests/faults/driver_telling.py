"""How a driver tells the test what happens: each event one line of a file, whole even when the driver is killed."""

import logging
import os
import sys
import threading
import time

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(threadName)s %(name)s %(message)s")
logging.getLogger("pika").setLevel(logging.CRITICAL)

_file = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def tell(kind: str, *words: object) -> None:
    """Write the event with the time, which is the same clock in all processes of the machine."""
    line = " ".join(str(word) for word in (kind, time.monotonic(), *words))
    os.write(_file, line.replace("\n", " ").encode() + b"\n")


def until_input_ends() -> threading.Event:
    """Return an event that is set when the test closes the standard input."""
    ended = threading.Event()

    def read() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    return ended
