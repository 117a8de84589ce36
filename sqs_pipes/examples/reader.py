"""Print what arrives on my_queue, until Ctrl+C."""

from sqs_pipes.client import TaskClient


def reader(message):
    print(message)


client = TaskClient("lesson")
client.register_tasks([{"method": str, "name": "my_queue"}, reader])
client.run("reader")
print("Stopped.")
