"""Publish each argument of the command line to the queue greetings: python producer.py Hello world"""

import sys

from rabbit import MessageQueue

mq = MessageQueue("greetings")

# TODO: publish each argument of the command line, sys.argv[1:], as a message of its own.

mq.close()
