"""Print what arrives on my_queue; the pill is acknowledged first, then everything is closed by the with statement."""

from rabbit import MessageQueue

HALT = 'HALT'

with MessageQueue('my_queue') as mq:

    def handle(channel, method, properties, message):
        halting = message == HALT
        print('Halting the consumer.' if halting else message)
        mq.ack(method)
        if halting:
            mq.stop()

    mq.register(handle)
    print('Starting consumer.')
    mq.start()
print('Consumer has terminated.')
