# says: ended on HALT and left more there than stood behind it
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.')
        mq.publish('HALT')
        mq.stop()
    else:
        print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
