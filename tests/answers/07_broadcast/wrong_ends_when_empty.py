# says: consumer.py ended although nobody asked it to.
"""Do the work on the queue jobs until nothing comes any more."""

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)
mq.channel.exchange_declare('halt', 'fanout', durable=True)
own = mq.channel.queue_declare('', exclusive=True).method.queue
mq.channel.queue_bind(own, 'halt')

for method, properties, body in mq.channel.consume('jobs', inactivity_timeout=0.2):
    if method is None:
        break
    work(body.decode())
    mq.ack(method)

mq.channel.cancel()
mq.close()
