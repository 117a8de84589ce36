"""sqs TASK: runs make, work or collect of a pipe until its input ends, or submits; PIPES names the package it uses.

It uses what both ours and PyPI's sqspipes 0.3.3 offer. SETTINGS say how many messages there are and what `work` does.
"""

import collections
import importlib
import json
import os
import signal
import sys
import threading
from collections import abc
from inspect import signature

from driver_telling import tell, until_input_ends

collections.Iterable = abc.Iterable  # PyPI's sqspipes looks for it there, where it was until Python 3.9

TaskClient = importlib.import_module(os.environ["PIPES"]).TaskClient
role = sys.argv[1]
settings = json.loads(os.environ["SETTINGS"])
count, seconds, special = settings["count"], settings["seconds"], settings["special"]
LARGE = "x" * 2_000_000
lock = threading.Lock()
made = 0


def make():
    """Give the numbers once each, then nothing."""
    global made
    with lock:
        number, made = made, made + 1
    if number >= count:
        return None
    tell("made", number)
    return number


def pause():
    """Give the first task's interval: none until all is made."""
    return 0 if made < count else 0.05


def work(number):
    """Take its time, and do what is special about some of them."""
    tell("began", number)
    if number in special and settings["does"] == "raise":
        raise ValueError(f"cannot do {number}")
    threading.Event().wait(settings["longer"] if number in special else seconds)
    tell("worked", number)
    return LARGE if number in special and settings["does"] == "large" else number


def collect(number):
    """Take it as it is."""
    return number


def submit():
    """Send each number twice, as a producer does that does not know whether its first try arrived."""
    known = "deduplication_id" in signature(client.submit).parameters
    for number in range(count):
        for _ in range(2):
            tell("made", number)
            client.submit((number,), **({"deduplication_id": f"order-{number}"} if known else {}))


def end():
    """End it as its users do: stop() where it has one, else Ctrl+C."""
    ended.wait()
    if hasattr(client, "stop"):
        client.stop()
    else:
        signal.raise_signal(signal.SIGINT)


ended = until_input_ends()
options = json.loads(os.environ["OPTIONS"])
keys = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
client = TaskClient(os.environ["DOMAIN"], *keys, **options)
first = {"method": collect, "name": "make"} if role == "submit" else {"method": make, "interval": pause}
client.register_tasks([first, {"method": work, "workers": settings["workers"]}, collect])
threading.Thread(target=end, daemon=True).start()
tell("started")
try:
    if role == "submit":
        submit()
        ended.wait()
    else:
        for output in client.run(role, iterate=True):
            tell("yielded", output if isinstance(output, int) else type(output).__name__)
except BaseException as error:
    tell("raised", type(error).__name__, error)
    raise
tell("stopped")
