# says: was not done, although it was printed.
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
