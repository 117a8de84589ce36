"""Publish each argument to my_queue; the with statement closes it."""

import sys

from rabbit import MessageQueue

with MessageQueue('my_queue') as queue:
    _, *arguments = sys.argv
    for argument in arguments:
        queue.publish(argument)
