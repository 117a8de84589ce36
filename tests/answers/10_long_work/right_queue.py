"""One worker thread that is fed by a queue; the tags that are done come back by another one, which a timer looks at."""

import queue
import threading

import pika
from address import parameters
from exercises.long_work import work

todo, done = queue.Queue(), queue.Queue()


def worker():
    while True:
        tag, message = todo.get()
        work(message)
        done.put(tag)


def acknowledge():
    while not done.empty():
        channel.basic_ack(done.get())
    connection.call_later(0.2, acknowledge)


threading.Thread(target=worker, daemon=True).start()
connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('jobs', durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume('jobs', lambda ch, method, properties, body: todo.put((method.delivery_tag, body.decode())))
acknowledge()
channel.start_consuming()
