# says: worked on 3 messages and acknowledged 0
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.')
        mq.stop()
        mq.ack(method)
    else:
        print(message)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
