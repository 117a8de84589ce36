"""Do the work of each message on the queue jobs, and lose none: python consumer.py"""

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue("jobs", prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    # TODO: tell the broker that this message is done.


mq.register(message_handler)
print("Waiting for jobs.")
mq.start()
