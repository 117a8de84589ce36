"""Dead-letter by the default exchange, with the queue's name as the key; three tries, counted by the message's id."""

from collections import Counter

import pika
from address import parameters
from exercises.orders import process

TRIES = Counter()

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    channel.queue_declare('failed', durable=True)
    channel.queue_declare(
        'orders', durable=True, arguments={'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'failed'}
    )
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume('orders'):
        try:
            process(body.decode())
        except Exception as error:
            TRIES[properties.message_id] += 1
            again = TRIES[properties.message_id] < 3
            print(f'{error}; {"again" if again else "given up"}')
            channel.basic_nack(method.delivery_tag, requeue=again)
            continue
        channel.basic_ack(method.delivery_tag)
