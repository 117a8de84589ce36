"""Turn words into capitals, with a crash or without: python -m sqs_pipes.examples.shout [crash]

The crash comes when the output is sent and the input not yet deleted.
"""

import os
import sys

from sqs_pipes import TaskCallback, TaskClient


def shout(message):
    if sys.argv[1:]:
        return TaskCallback(message.upper(), os._exit, (1,))
    return message.upper()


client = TaskClient("lesson", visibility_seconds=4)
client.register_tasks([{"method": str, "name": "my_queue"}, shout, {"method": print, "name": "reader"}])
for word in client.run("shout", iterate=True):
    print("Sent: " + word)
