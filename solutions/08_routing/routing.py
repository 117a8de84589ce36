"""Make the exchanges, queues and bindings of a shop; each message then finds its way: python routing.py"""

import pika

from address import parameters

connection = pika.BlockingConnection(parameters())
channel = connection.channel()

for queue in ("errors", "all_logs", "orders", "failed", "pdf_reports", "express"):
    channel.queue_declare(queue, durable=True)

channel.exchange_declare("logs", "direct", durable=True)
channel.queue_bind("errors", "logs", "error")
for severity in ("info", "warning", "error"):
    channel.queue_bind("all_logs", "logs", severity)

channel.exchange_declare("events", "topic", durable=True)
channel.queue_bind("orders", "events", "order.#")
channel.queue_bind("failed", "events", "*.failed")

channel.exchange_declare("documents", "headers", durable=True)
channel.queue_bind("pdf_reports", "documents", arguments={"x-match": "all", "format": "pdf", "type": "report"})
channel.queue_bind("express", "documents", arguments={"x-match": "any", "priority": "high", "customer": "gold"})

connection.close()
print("The ways are made.")
