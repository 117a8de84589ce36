# says: consumes from my_queue with auto_ack
import pika
from address import parameters

channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('my_queue', durable=True)


def show(channel, method, properties, body):
    if body == b'HALT':
        print('Halting the consumer.')
        channel.stop_consuming()
    else:
        print(body.decode())


channel.basic_consume('my_queue', show, auto_ack=True)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
