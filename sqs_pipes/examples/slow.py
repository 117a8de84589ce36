"""Take as many seconds for a message as it says. The visibility timeout is shorter."""

import time

from sqs_pipes.client import TaskClient


def slow(message):
    print("Begun: " + message)
    time.sleep(int(message))
    print("Done: " + message)


client = TaskClient("lesson", visibility_seconds=2)
client.register_tasks([{"method": str, "name": "my_queue"}, slow])
client.run("slow")
print("Stopped.")
