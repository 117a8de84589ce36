import sys

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue="greetings", durable=True)
for word in sys.argv[1:]:
    channel.basic_publish(
        exchange="",
        routing_key="greetings",
        body=word,
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
connection.close()
