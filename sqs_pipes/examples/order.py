"""Send orders to check: python -m sqs_pipes.examples.order WHAT ..."""

import sys

from sqs_pipes.client import TaskClient

client = TaskClient("shop")
client.register_tasks([{"method": str, "name": "order"}, {"method": print, "name": "check"}])

for order in sys.argv[1:]:
    client.submit((order,))
