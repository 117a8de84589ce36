# says: The connection was not closed.
import os

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.ack(method)
        os._exit(0)
    work(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
