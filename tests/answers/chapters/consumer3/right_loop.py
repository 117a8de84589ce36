"""Print what arrives on my_queue in a for loop, which the poison pill breaks."""

import pika
from address import parameters

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    channel.queue_declare('my_queue', durable=True)
    print('Starting consumer.')
    for method, _, body in channel.consume('my_queue'):
        message = body.decode()
        if message == 'HALT':
            print('Halting the consumer.')
            channel.basic_ack(method.delivery_tag)
            break
        print(message)
        channel.basic_ack(method.delivery_tag)
    channel.cancel()
print('Consumer has terminated.')
