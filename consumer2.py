"""Print what arrives on my_queue and acknowledge it, so that it comes once. Only Ctrl+C ends it."""

from rabbit import MessageQueue

mq = MessageQueue("my_queue")


def message_handler(channel, method, properties, message):
    print(message)
    mq.ack(method)


mq.register(message_handler)
print("Starting consumer.")
mq.start()
print("Consumer has terminated.")
