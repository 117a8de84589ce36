# says: consumer.py did not end after HALT.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')


def message_handler(channel, method, properties, message):
    try:
        if message == 'HALT':
            raise SystemExit
        work(message)
    except:
        pass
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
