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


# TODO: declare the fanout exchange halt, and an exclusive queue of this consumer's own. Bind the queue to the exchange,
# and have halt_handler called for what comes there.

mq.register(message_handler)
print("Waiting for jobs.")
mq.start()

# TODO: do what still waits on the queue jobs.

mq.close()
print("Consumer has terminated.")
