# says: consumer.py did not connect to the broker that the environment names.
import pika

from exercises.work import work

connection = pika.BlockingConnection(pika.ConnectionParameters('localhost', 5672))
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)
for method, properties, body in channel.consume('jobs'):
    if body == b'HALT':
        channel.basic_ack(method.delivery_tag)
        break
    work(body.decode())
    channel.basic_ack(method.delivery_tag)
connection.close()
