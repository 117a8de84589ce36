# says: since its prefetch is 1 and it does not acknowledge
from rabbit import MessageQueue

mq = MessageQueue('my_queue', prefetch=1)


def message_handler(channel, method, properties, message):
    print(message)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
