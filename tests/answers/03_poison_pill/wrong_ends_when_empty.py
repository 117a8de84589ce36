# says: consumer.py ended although nobody asked it to.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)
for method, properties, body in channel.consume('jobs', inactivity_timeout=0.3):
    if method is None or body == b'HALT':
        if method:
            channel.basic_ack(method.delivery_tag)
        break
    work(body.decode())
    channel.basic_ack(method.delivery_tag)
connection.close()
