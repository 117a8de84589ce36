# a for loop over the deliveries instead of a callback, without a prefetch limit
import pika

from address import parameters
from exercises.work import work


def jobs():
    with pika.BlockingConnection(parameters()) as connection:
        channel = connection.channel()
        channel.queue_declare('jobs', durable=True)
        for method, properties, body in channel.consume('jobs'):
            yield body.decode()
            channel.basic_ack(method.delivery_tag)


for job in jobs():
    work(job)
