"""Send each word with an id that is made from it: python -m sqs_pipes.examples.once WORD ..."""

import sys

from sqs_pipes.client import TaskClient

client = TaskClient("lesson")
client.register_tasks([{"method": str, "name": "my_queue"}, {"method": print, "name": "reader"}])

for word in sys.argv[1:]:
    client.submit((word,), deduplication_id=word)
