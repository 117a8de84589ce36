# says: did not declare the queue my_queue; it declared 'my-queue'
from rabbit import MessageQueue

mq = MessageQueue('my-queue')


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
