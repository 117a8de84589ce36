"""Lose power in the middle of a task. What it has in hand is hidden for 4 seconds, not for 30."""

import os

from sqs_pipes.client import TaskClient


def crash(message):
    print("Begun: " + message, flush=True)
    os._exit(1)


client = TaskClient("lesson", visibility_seconds=4)
client.register_tasks([{"method": str, "name": "my_queue"}, crash])
client.run("crash")
