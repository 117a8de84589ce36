# says: opened the vhost /, not the one that RABBITMQ_VHOST names
import os
import sys

import pika

host, port = os.environ['RABBITMQ_HOST'], int(os.environ['RABBITMQ_PORT'])
connection = pika.BlockingConnection(pika.ConnectionParameters(host, port, '/'))
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
channel.confirm_delivery()
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode(), pika.BasicProperties(delivery_mode=2))
connection.close()
