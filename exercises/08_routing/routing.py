"""Make the exchanges, queues and bindings of a shop; each message then finds its way: python routing.py"""

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()

for queue in ("errors", "all_logs", "orders", "failed", "pdf_reports", "express"):
    channel.queue_declare(queue, durable=True)

# TODO: declare the direct exchange logs, durable. Bind the queues errors and all_logs to it.

# TODO: declare the topic exchange events, durable. Bind the queues orders and failed to it.

# TODO: declare the headers exchange documents, durable. Bind the queues pdf_reports and express to it.

connection.close()
print("The ways are made.")
