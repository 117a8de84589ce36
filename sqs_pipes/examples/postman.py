"""Deliver one word a second, those of the higher priority first."""

import time

from sqs_pipes.client import TaskClient


def postman(word):
    print(word)
    time.sleep(1)


client = TaskClient("post")
client.register_tasks([{"method": str, "name": "send", "priorities": 2}, postman])
client.run("postman")
