# says: declared the queue my_queue without durable=True
import sys

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue')
channel.confirm_delivery()
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode(), pika.BasicProperties(delivery_mode=2))
connection.close()
