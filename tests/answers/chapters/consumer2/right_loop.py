"""Print what arrives on my_queue in a for loop, and acknowledge it there."""

import pika
from address import parameters

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    channel.queue_declare('my_queue', durable=True)
    print('Starting consumer.')
    for method, _, body in channel.consume('my_queue'):
        print(body.decode('utf-8'), flush=True)
        channel.basic_ack(method.delivery_tag)
print('Consumer has terminated.')
