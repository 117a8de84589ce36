"""A second thread, with a connection of its own, listens for the broadcast, and stops the one that works."""

import threading

import pika
from address import parameters
from exercises.work import work
from rabbit import MessageQueue

mq = MessageQueue('jobs', prefetch=1)


def do(channel, method, properties, message):
    work(message)
    mq.ack(method)


def listen(bound):
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.exchange_declare('halt', 'fanout', durable=True)
    queue = channel.queue_declare('', exclusive=True).method.queue
    channel.queue_bind(queue, 'halt')
    bound.set()
    for method, properties, body in channel.consume(queue, auto_ack=True):
        break
    connection.close()
    mq.stop()  # the one method that any thread may call


bound = threading.Event()
threading.Thread(target=listen, args=(bound,)).start()
bound.wait()
mq.register(do)
mq.start()
while True:
    method, properties, body = mq.channel.basic_get('jobs')
    if method is None:
        break
    do(mq.channel, method, properties, body.decode())
mq.close()
