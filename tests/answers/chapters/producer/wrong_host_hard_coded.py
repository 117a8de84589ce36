# says: with the host hard-coded, it runs on one machine only
import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters('localhost'))
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
channel.confirm_delivery()
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode(), pika.BasicProperties(delivery_mode=2))
connection.close()
