# says: with the host hard-coded, it runs on one machine only
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters('localhost', 5672))
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)


def show(channel, method, properties, body):
    if body == b'HALT':
        print('Halting the consumer.')
        channel.stop_consuming()
    else:
        print(body.decode())
    channel.basic_ack(method.delivery_tag)


channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
