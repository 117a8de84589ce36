"""A work flow on pika alone: each stage is a function in a thread of its own, with a connection of its own."""

import sys
import threading

import pika
from address import parameters
from exercises.work import work

TO_UPPERS, PRINTERS = int(sys.argv[1]), int(sys.argv[2])
PERSISTENT = pika.BasicProperties(delivery_mode=2)

left = list(range(TO_UPPERS))  # pop() is atomic: one thread gets the last, 0


def consume(queue, handle):
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.confirm_delivery()
    for name in ("my_queue", "upper"):
        channel.queue_declare(name, durable=True)
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume(queue):
        message = body.decode()
        handle(channel, message)
        channel.basic_ack(method.delivery_tag)
        if message == "HALT":
            break
    connection.close()


def to_upper(channel, message):
    if message != "HALT":
        work(message)
        channel.basic_publish("", "upper", message.upper().encode(), PERSISTENT, mandatory=True)
        return
    if left.pop() == 0:
        for _ in range(PRINTERS):
            channel.basic_publish("", "upper", b"HALT", PERSISTENT, mandatory=True)


def printer(channel, message):
    if message != "HALT":
        work(message)


threads = [threading.Thread(target=consume, args=("upper", printer)) for _ in range(PRINTERS)]
threads += [threading.Thread(target=consume, args=("my_queue", to_upper)) for _ in range(TO_UPPERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
