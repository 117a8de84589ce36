# says: with the host hard-coded, it runs on one machine only
import os

os.environ.update(RABBITMQ_HOST='localhost', RABBITMQ_PORT='5672')

from rabbit import MessageQueue

mq = MessageQueue('my_queue')


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Starting consumer.')
mq.start()
print('Consumer has terminated.')
