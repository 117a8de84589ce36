# says: the script cannot know whether the message arrived, however long it sleeps
import sys
import time

import pika
from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('my_queue', durable=True)
for arg in sys.argv[1:]:
    channel.basic_publish('', 'my_queue', arg.encode(), pika.BasicProperties(delivery_mode=2))
    time.sleep(0.2)  # the broker will have it by now
connection.close()
