# says: A message was given back to the queue although its work was done.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    channel.basic_nack(method.delivery_tag)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
