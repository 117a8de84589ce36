import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue="jobs", durable=True)
channel.basic_qos(prefetch_count=1)


def callback(ch, method, properties, body):
    work(body.decode())
    ch.basic_ack(delivery_tag=method.delivery_tag)


channel.basic_consume(queue="jobs", on_message_callback=callback)
channel.start_consuming()
