# says: did not declare the queue my_queue; it declared 'hello'
from rabbit import MessageQueue

mq = MessageQueue('hello')


def message_handler(channel, method, properties, message):
    print(message)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
