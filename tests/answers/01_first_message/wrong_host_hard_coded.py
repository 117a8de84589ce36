# says: producer.py did not connect to the broker that the environment names.
import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters('localhost', 5672))
channel = connection.channel()
channel.queue_declare(queue='greetings', durable=True)
for word in sys.argv[1:]:
    channel.basic_publish('', 'greetings', word, pika.BasicProperties(delivery_mode=2))
connection.close()
