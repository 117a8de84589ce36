"""Check orders; some of them fail: python -m sqs_pipes.examples.check stop|retry"""

import sys
import time

from sqs_pipes.client import TaskClient

STARTED = time.monotonic()


def check(order):
    print("Checking: " + order)
    if order == "torn":
        raise ValueError("no such article")
    if order == "early" and time.monotonic() - STARTED < 2:
        raise RuntimeError("not in stock yet")


client = TaskClient("shop", on_error=sys.argv[1])
client.register_tasks([{"method": str, "name": "order"}, check])
client.run("check")
