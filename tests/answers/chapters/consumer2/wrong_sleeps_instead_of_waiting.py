# says: who sleeps between two looks is late
import time

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
print('Starting consumer.')
while True:
    method, properties, body = mq.channel.basic_get('my_queue')
    if method:
        print(body.decode())
        mq.ack(method)
    else:
        time.sleep(0.1)
