# says: it comes back at once, and so for ever
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    print(message)
    channel.basic_nack(method.delivery_tag, requeue=True)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
