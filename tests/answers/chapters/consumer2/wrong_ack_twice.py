# says: acknowledged a message twice
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
