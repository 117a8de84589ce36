# says: an exit in the callback does not
import os

from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.', flush=True)
        mq.ack(method)
        os._exit(0)
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
