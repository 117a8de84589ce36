import threading

import pika

from address import parameters


def open_channel(*queues):
    connection = pika.BlockingConnection(parameters())
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    for queue in queues:
        channel.queue_declare(queue, durable=True)
    return connection, channel


def write(channel, queue, message):
    channel.basic_publish("", queue, message, pika.BasicProperties(delivery_mode=2), mandatory=True)


def stage(source, target, work):
    connection, channel = open_channel(source, target)
    for method, properties, body in channel.consume(source):
        message = body.decode()
        write(channel, target, message if message == "HALT" else work(message))
        channel.basic_ack(method.delivery_tag)
        if message == "HALT":
            break
    channel.cancel()
    connection.close()


def printer():
    connection, channel = open_channel("loud")
    for method, properties, body in channel.consume("loud"):
        message = body.decode()
        if message != "HALT":
            print(message)
        channel.basic_ack(method.delivery_tag)
        if message == "HALT":
            break
    channel.cancel()
    connection.close()


threads = [
    threading.Thread(target=stage, args=("my_queue", "upper", str.upper)),
    threading.Thread(target=stage, args=("upper", "loud", lambda text: text + "!")),
    threading.Thread(target=printer),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
