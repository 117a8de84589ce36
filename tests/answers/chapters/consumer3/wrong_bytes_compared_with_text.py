# says: compare text with text, then stop
import pika
from address import parameters

channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('my_queue', durable=True)


def show(channel, method, properties, body):
    if body == 'HALT':
        print('Halting the consumer.')
        channel.stop_consuming()
    else:
        print(body.decode())
    channel.basic_ack(method.delivery_tag)


channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
