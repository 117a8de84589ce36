# says: A message was acknowledged before its work was done.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    mq.ack(method)
    work(message)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
