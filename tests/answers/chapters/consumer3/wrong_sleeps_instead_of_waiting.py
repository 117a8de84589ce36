# says: who sleeps between two looks is late
import time

from rabbit import MessageQueue

mq = MessageQueue('my_queue')
print('Starting consumer.')
message = ''
while message != 'HALT':
    method, properties, body = mq.channel.basic_get('my_queue')
    if not method:
        time.sleep(0.1)
        continue
    message = body.decode()
    print('Halting the consumer.' if message == 'HALT' else message)
    mq.ack(method)
mq.close()
print('Consumer has terminated.')
