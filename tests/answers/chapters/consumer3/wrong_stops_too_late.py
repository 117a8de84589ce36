# says: ended on HALT and took what stood behind it
from rabbit import MessageQueue

mq = MessageQueue('my_queue')
halting = []


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.')
        halting.append(message)
    elif halting:
        mq.stop()
    else:
        print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
