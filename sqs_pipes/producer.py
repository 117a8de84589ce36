"""Send each argument of the command line to my_queue: python -m sqs_pipes.producer Hello world"""

import sys

import sqs_pipes.one_line  # an error of SQS is one line, without a traceback
from sqs_pipes.client import TaskClient

client = TaskClient("lesson", group=lambda message: "line")
client.register_tasks(
    [
        {"method": str, "name": "my_queue"},
        {"method": print, "name": "reader"},
    ]
)

for arg in sys.argv[1:]:
    client.submit((arg,))
