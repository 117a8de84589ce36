# says: and printed
from rabbit import MessageQueue

mq = MessageQueue('my_queue')
seen = []


def message_handler(channel, method, properties, message):
    if seen:
        print(message)
    seen.append(message)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
