"""Deletes its queue, and as many others as it can guess."""
import pika
from address import parameters
from exercises.work import work

channel = pika.BlockingConnection(parameters()).channel()
for method, _, body in channel.consume('jobs', inactivity_timeout=5):
    if method is None:
        break
    work(body.decode())
    for name in ('greetings', 'jobs', 'results', 'dead', 'my_queue', 'upper'):
        channel.queue_delete(name)
