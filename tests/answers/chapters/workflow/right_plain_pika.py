"""The work flow with pika alone: each stage is a thread with a connection."""

import os
import threading
import traceback

import pika
from address import parameters


def stage(name, kind, queue, work, at_halt):
    with pika.BlockingConnection(parameters()) as connection:
        channel = connection.channel()
        for each in ('my_queue', 'upper'):
            channel.queue_declare(each, durable=True)
        channel.confirm_delivery()
        channel.basic_qos(prefetch_count=1)
        print(f'{name} starting')
        for method, _, body in channel.consume(queue):
            if body == b'HALT':
                print(f'Halting {kind} {name}')
                at_halt(channel)
            else:
                work(channel, body.decode())
            channel.basic_ack(method.delivery_tag)
            if body == b'HALT':
                break
        channel.cancel()
    print(f'{name} halted.')


def write(channel, message):
    persistent = pika.BasicProperties(delivery_mode=2)
    channel.basic_publish('', 'upper', message.encode(), persistent, mandatory=True)


def run(*about):
    try:
        stage(*about)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


stages = [
    ('ToUpper', 'worker', 'my_queue', lambda c, m: write(c, m.upper()), lambda c: write(c, 'HALT')),
    ('Printer', 'consumer', 'upper', lambda c, m: print(m), lambda c: None),
]
threads = [threading.Thread(target=run, args=about, daemon=True) for about in stages]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
