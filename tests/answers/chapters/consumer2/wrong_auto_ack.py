# says: consumes from my_queue with auto_ack
import pika
from address import parameters


def show(channel, method, properties, body):
    print(body.decode())


channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('my_queue', durable=True)
channel.basic_consume('my_queue', show, auto_ack=True)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
