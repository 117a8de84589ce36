"""Print what arrives on my_queue in a for loop, that of pika's generator."""

import pika
from address import parameters

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    channel.queue_declare('my_queue', durable=True)
    print('Starting consumer.')
    for method, properties, body in channel.consume('my_queue'):
        print(str(body, 'utf-8'))
print('Consumer has terminated.')
