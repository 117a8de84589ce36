# says: HALT was worked on as if it were a job.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)


def callback(ch, method, properties, body):
    message = str(body)
    if message == 'HALT':
        ch.stop_consuming()
    else:
        work(message)
    ch.basic_ack(delivery_tag=method.delivery_tag)


channel.basic_consume(queue='jobs', on_message_callback=callback)
channel.start_consuming()
connection.close()
