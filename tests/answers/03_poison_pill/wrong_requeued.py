# says: HALT was not acknowledged: it is back on the queue.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)


def callback(ch, method, properties, body):
    if body == b'HALT':
        ch.basic_nack(method.delivery_tag)  # for the other consumers
        ch.stop_consuming()
    else:
        work(body.decode())
        ch.basic_ack(method.delivery_tag)


channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue='jobs', on_message_callback=callback)
channel.start_consuming()
connection.close()
