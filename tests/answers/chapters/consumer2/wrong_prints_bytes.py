# says: which is bytes
import pika
from address import parameters


def show(channel, method, properties, body):
    print(body)
    channel.basic_ack(method.delivery_tag)


channel = pika.BlockingConnection(parameters()).channel()
channel.queue_declare('my_queue', durable=True)
channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
