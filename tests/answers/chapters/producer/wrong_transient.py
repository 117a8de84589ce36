# says: as a transient message
import sys

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
channel.confirm_delivery()
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode())
connection.close()
