# says: consumer.py ended with an error.
import sys

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.ack(method)
        sys.exit('Halted.')
    work(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
