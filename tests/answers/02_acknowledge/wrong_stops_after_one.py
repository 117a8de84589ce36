# says: consumer.py ended although nobody asked it to.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    mq.ack(method)
    mq.stop()


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
