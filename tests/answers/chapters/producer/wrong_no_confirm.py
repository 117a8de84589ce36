# says: without a publisher confirm
import sys

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode(), pika.BasicProperties(delivery_mode=2))
connection.close()
