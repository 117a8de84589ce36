# says: was not done
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    try:
        work(message.decode())
    except Exception:
        pass
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
