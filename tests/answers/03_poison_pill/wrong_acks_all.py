# says: consumer.py ended with an error.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)


def callback(ch, method, properties, body):
    if body == b'HALT':
        ch.basic_ack(0, multiple=True)
        ch.stop_consuming()
    else:
        work(body.decode())
        ch.basic_ack(method.delivery_tag)


channel.basic_consume(queue='jobs', on_message_callback=callback)
channel.start_consuming()
connection.close()
