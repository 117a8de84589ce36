# says: consumer.py does not consume from the queue jobs.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('my_queue', prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
