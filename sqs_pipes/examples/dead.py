"""List what check has given up on; with an argument put it back: python -m sqs_pipes.examples.dead [again]"""

import sys

from sqs_pipes.client import TaskClient

client = TaskClient("shop")
client.register_tasks([{"method": str, "name": "order"}, {"method": print, "name": "check"}])

if sys.argv[1:]:
    print(client.put_back("check"), "put back")
for letter in client.dead_letters("check"):
    print("Given up: " + letter.value)
