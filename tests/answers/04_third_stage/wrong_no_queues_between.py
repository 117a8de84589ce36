# says: No stage writes to the queue upper.
from rabbit import MessageQueue

mq = MessageQueue('my_queue', prefetch=1)


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.stop()
    else:
        print(message.upper() + '!')
    mq.ack(method)


mq.register(message_handler)
mq.start()
mq.close()
