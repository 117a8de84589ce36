# says: consumer.py asks for messages again and again, instead of waiting for them.
import time

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs')
message = None
while message != b'HALT':
    method, properties, message = mq.channel.basic_get('jobs')
    if message is None:
        time.sleep(1)
    else:
        if message != b'HALT':
            work(message.decode())
        mq.ack(method)
mq.close()
