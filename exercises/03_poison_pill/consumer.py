"""Do the work of each message on the queue jobs, until HALT comes: python consumer.py"""

from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue("jobs")


def message_handler(channel, method, properties, message):
    # TODO: HALT is no work. It means: come to an end, in good order.
    work(message)
    mq.ack(method)


mq.register(message_handler)
print("Waiting for jobs.")
mq.start()
# TODO: take leave of the broker.
print("Halted.")
