"""Send words to the postman: python -m sqs_pipes.examples.send PRIORITY WORD ..."""

import sys

from sqs_pipes.client import TaskClient

client = TaskClient("post")
client.register_tasks([{"method": str, "name": "send", "priorities": 2}, {"method": print, "name": "postman"}])

for word in sys.argv[2:]:
    client.submit((word,), priority=int(sys.argv[1]))
