# says: was not acknowledged.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.stop()
        mq.ack(method)
    else:
        work(message)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
