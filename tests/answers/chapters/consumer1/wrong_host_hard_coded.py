# says: with the host hard-coded, it runs on one machine only
import pika


def show(channel, method, properties, body):
    print(body.decode())


channel = pika.BlockingConnection(pika.ConnectionParameters('localhost')).channel()
channel.queue_declare('my_queue', durable=True)
channel.basic_consume('my_queue', show)
print('Starting consumer.')
channel.start_consuming()
print('Consumer has terminated.')
