"""The work flow scaled out, with pika alone: each stage is a thread with a connection."""

import os
import threading
import time
import traceback

import pika
from address import parameters


class Stage:
    kind, queue = 'consumer', 'upper'

    def __init__(self, name):
        self.name = name

    def run(self):
        with pika.BlockingConnection(parameters()) as connection:
            self.channel = connection.channel()
            for each in ('my_queue', 'upper'):
                self.channel.queue_declare(each, durable=True)
            self.channel.confirm_delivery()
            self.channel.basic_qos(prefetch_count=1)
            print(f'{self.name} starting')
            self.channel.basic_consume(self.queue, self.receive)
            self.channel.start_consuming()
        print(f'{self.name} halted.')

    def receive(self, channel, method, properties, body):
        if body == b'HALT':
            print(f'Halting {self.kind} {self.name}')
            self.halt()
            channel.stop_consuming()
        else:
            self.work(body.decode())
        channel.basic_ack(method.delivery_tag)

    def work(self, message):
        time.sleep(2)
        print(f'{self.name}: {message}')

    def halt(self):
        pass


class ToUpper(Stage):
    kind, queue = 'worker', 'my_queue'

    def work(self, message):
        print(f'{self.name}: {message}')
        time.sleep(1)
        self.write(message.upper())

    def write(self, message):
        persistent = pika.BasicProperties(delivery_mode=2)
        self.channel.basic_publish('', 'upper', message.encode(), persistent, mandatory=True)

    def halt(self):
        self.write('HALT')


def run(stage):
    try:
        stage.run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


threads = [threading.Thread(target=run, args=[stage], daemon=True) for stage in (Stage('P1'), Stage('P2'), ToUpper('T1'))]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    time.sleep(0.1)
