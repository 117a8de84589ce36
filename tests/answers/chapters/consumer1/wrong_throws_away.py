# says: threw it away, with reject
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    print(message)
    channel.basic_reject(method.delivery_tag, requeue=False)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
