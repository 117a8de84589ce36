"""Print what arrives on my_queue; what the decorator adds acknowledges it afterwards."""

from rabbit import MessageQueue

with MessageQueue('my_queue', prefetch=10) as mq:

    def acknowledged(work):
        def callback(channel, method, properties, message):
            work(message)
            mq.ack(method)

        return callback

    mq.register(acknowledged(print))
    print('Starting consumer.')
    mq.start()
print('Consumer has terminated.')
