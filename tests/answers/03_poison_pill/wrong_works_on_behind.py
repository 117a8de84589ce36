# says: The work went on behind HALT.
import pika

from address import parameters
from exercises.work import work

connection = pika.BlockingConnection(parameters())
channel = connection.channel()
channel.queue_declare(queue='jobs', durable=True)
halted = False
for method, properties, body in channel.consume('jobs', inactivity_timeout=0.2):
    if method is None:
        if halted:
            break
        continue
    if body == b'HALT':
        halted = True
    else:
        work(body.decode())
    channel.basic_ack(method.delivery_tag)
connection.close()
