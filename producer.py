"""Publish each argument of the command line to my_queue: python producer.py Hello world"""

import sys

from rabbit import MessageQueue

mq = MessageQueue("my_queue")

for arg in sys.argv[1:]:
    mq.publish(arg)

mq.close()
