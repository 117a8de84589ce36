# says: output that is hard-coded, or changed, is not the work
from rabbit import MessageQueue

mq = MessageQueue('my_queue')
words = iter(['Hello', 'world'] * 1000)


def message_handler(channel, method, properties, message):
    print(next(words))
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
