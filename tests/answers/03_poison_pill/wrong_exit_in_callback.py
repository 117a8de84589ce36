# says: HALT was not acknowledged: it is back on the queue.
import sys

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        sys.exit()
    work(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
