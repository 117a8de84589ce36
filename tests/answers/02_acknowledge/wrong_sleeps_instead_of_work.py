# says: was not done, although it was printed.
import time

from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def message_handler(channel, method, properties, message):
    time.sleep(0.4)
    print(message)
    mq.ack(method)


mq.register(message_handler)
print('Waiting for jobs.')
mq.start()
