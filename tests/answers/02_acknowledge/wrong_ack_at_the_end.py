# says: The message
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)
try:
    for method, properties, body in channel.consume('jobs'):
        work(body.decode())
finally:
    channel.basic_ack(method.delivery_tag, multiple=True)
