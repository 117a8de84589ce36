# says: ended on HALT and took what stood behind it
from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    if message == 'HALT':
        print('Halting the consumer.')
        mq.ack(method)
        mq.channel.queue_purge('my_queue')
        for tag in range(method.delivery_tag + 1, method.delivery_tag + 4):
            channel.basic_ack(tag)
        mq.stop()
    else:
        print(message)
        mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
