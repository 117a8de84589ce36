import sys

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.ack(method)
        mq.close()
        sys.exit()
    work(message)
    mq.ack(method)


mq.register(message_handler)
mq.start()
