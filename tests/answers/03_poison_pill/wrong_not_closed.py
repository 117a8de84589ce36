# says: The connection was not closed.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.stop()
    else:
        work(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
print('Halted.')
