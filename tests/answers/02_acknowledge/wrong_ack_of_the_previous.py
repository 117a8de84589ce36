# says: The message
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')
before = None


def message_handler(channel, method, properties, message):
    global before
    work(message)
    if before:
        mq.ack(before)
    before = method


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
