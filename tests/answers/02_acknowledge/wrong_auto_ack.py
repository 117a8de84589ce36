# says: The consumer consumes with auto_ack=True.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)


def callback(ch, method, properties, body):
    work(body.decode())


channel.basic_consume(queue='jobs', on_message_callback=callback, auto_ack=True)
channel.start_consuming()
