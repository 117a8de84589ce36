# says: The messages are not on the queue greetings.
import sys

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
for word in sys.argv[1:]:
    channel.basic_publish('', 'greetings', word, pika.BasicProperties(delivery_mode=2))
connection.close()
