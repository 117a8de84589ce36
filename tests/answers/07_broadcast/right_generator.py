"""Take HALT as "end when nothing came for a while": the own queue is looked at only when the work queue gives nothing."""

from exercises.work import work
from rabbit import HALT, MessageQueue

mq = MessageQueue('jobs', prefetch=1)
channel = mq.channel
channel.exchange_declare('halt', 'fanout', durable=True)
halts = channel.queue_declare('', exclusive=True).method.queue
channel.queue_bind(halts, 'halt')

for method, properties, body in channel.consume('jobs', inactivity_timeout=0.3):
    if method:
        work(body.decode())
        mq.ack(method)
    else:
        _, _, said = channel.basic_get(halts, auto_ack=True)
        if said and said.decode() == HALT:
            break

channel.cancel()
mq.close()
