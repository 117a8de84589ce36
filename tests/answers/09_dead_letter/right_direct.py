"""A class; the dead-letter exchange is a direct one, and the failed queue is bound with the queue's own key."""

import pika
from address import parameters
from exercises.orders import process


class Shop:
    def __init__(self):
        self.channel = pika.BlockingConnection(parameters()).channel()
        self.channel.exchange_declare(exchange='dead', exchange_type='direct', durable=True)
        self.channel.queue_declare(queue='failed', durable=True)
        self.channel.queue_bind(queue='failed', exchange='dead', routing_key='orders')
        self.channel.queue_declare('orders', durable=True, arguments={'x-dead-letter-exchange': 'dead'})
        self.channel.basic_qos(prefetch_count=10)

    def take(self, channel, method, properties, body):
        if self.succeeds(body.decode()):
            channel.basic_ack(method.delivery_tag)
        else:
            channel.basic_nack(method.delivery_tag, requeue=False)

    def succeeds(self, order):
        try:
            process(order)
            return True
        except ValueError:
            return False

    def open(self):
        self.channel.basic_consume('orders', self.take)
        self.channel.start_consuming()


Shop().open()
