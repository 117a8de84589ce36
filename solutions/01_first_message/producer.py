"""Publish each argument of the command line to the queue greetings: python producer.py Hello world"""

import sys

from rabbit import MessageQueue

mq = MessageQueue("greetings")

for arg in sys.argv[1:]:
    mq.publish(arg)

mq.close()
