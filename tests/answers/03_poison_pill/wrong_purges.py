# says: What stood behind HALT is gone from the queue, and nobody has done it.
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        mq.stop()
        mq.ack(method)
        channel.queue_purge('jobs')  # leave a clean queue
    else:
        work(message)
        mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
mq.close()
print('Halted.')
