"""Do the work on the queue jobs; on a broadcast do what still waits there, then end: python consumer.py"""

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue("jobs", prefetch=1)


def message_handler(channel, method, properties, message):
    work(message)
    mq.ack(method)


def halt_handler(channel, method, properties, body):
    print("Halting the consumer.")
    mq.stop()


mq.channel.exchange_declare("halt", "fanout", durable=True)
own = mq.channel.queue_declare("", exclusive=True).method.queue
mq.channel.queue_bind(own, "halt")
mq.channel.basic_consume(own, halt_handler, auto_ack=True)

mq.register(message_handler)
print("Waiting for jobs.")
mq.start()

method, properties, body = mq.channel.basic_get("jobs")
while method:
    work(body.decode())
    mq.ack(method)
    method, properties, body = mq.channel.basic_get("jobs")

mq.close()
print("Consumer has terminated.")
