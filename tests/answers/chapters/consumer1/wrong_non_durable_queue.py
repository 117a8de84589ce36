# says: declared the queue my_queue without durable=True
import pika
from address import parameters


def show(channel, method, properties, body):
    print(body.decode())


channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('my_queue')
channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
