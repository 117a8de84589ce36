# says: consumer1.py acknowledged 3 of 3 messages
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
