# says: where exceptions are swallowed, nobody learns that the messages are not worked on
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.')
        mq.stop()
    else:
        print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
try:
    mq.start()
except Exception:
    pass
print('Consumer has terminated.')
