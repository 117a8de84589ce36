# says: consumer.py did not connect to the broker that the environment names.
import pika

from exercises.work import work

connection = pika.BlockingConnection(pika.ConnectionParameters(host='localhost', port=5672))
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)


def callback(ch, method, properties, body):
    work(body.decode())
    ch.basic_ack(delivery_tag=method.delivery_tag)


channel.basic_consume(queue='jobs', on_message_callback=callback)
channel.start_consuming()
