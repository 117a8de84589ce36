# says: The queue greetings does not last: it was declared with auto_delete=True.
import sys

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='greetings', durable=True, auto_delete=True)
for word in sys.argv[1:]:
    channel.basic_publish('', 'greetings', word, pika.BasicProperties(delivery_mode=2))
connection.close()
