"""Work in a second thread; the callback serves the connection until that has ended, and then acknowledges."""

import threading

import pika
from address import parameters
from exercises.long_work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare('jobs', durable=True)
channel.basic_qos(prefetch_count=1)

for method, properties, body in channel.consume('jobs'):
    thread = threading.Thread(target=work, args=(body.decode(),))
    thread.start()
    while thread.is_alive():
        connection.process_data_events(time_limit=0.1)
    channel.basic_ack(method.delivery_tag)
