"""Print what arrives on my_queue, and end on the poison pill."""

from sqs_pipes.client import TaskClient


def consumer(message):
    if message == "HALT":
        print("Halting the consumer.")
        client.stop()
    else:
        print(message)


client = TaskClient("lesson")
client.register_tasks([{"method": str, "name": "my_queue"}, consumer])
print("Starting consumer.")
client.run("consumer")
print("Consumer has terminated.")
