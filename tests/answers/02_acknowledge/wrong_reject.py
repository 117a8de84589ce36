# says: A message was thrown away instead of acknowledged.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    channel.basic_reject(method.delivery_tag, requeue=False)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
