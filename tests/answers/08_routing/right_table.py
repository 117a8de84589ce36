"""Read the ways from a table; every queue by MessageQueue, which also opens the connection."""

from rabbit import MessageQueue

WAYS = {
    ('logs', 'direct'): [('errors', 'error'), ('all_logs', 'error'), ('all_logs', 'warning'), ('all_logs', 'info')],
    ('events', 'topic'): [('orders', 'order.#'), ('failed', '*.failed')],
    ('documents', 'headers'): [
        ('pdf_reports', {'format': 'pdf', 'type': 'report'}),  # without x-match it is all
        ('express', {'x-match': 'any', 'priority': 'high', 'customer': 'gold'}),
    ],
}

for (exchange, kind), bindings in WAYS.items():
    for queue, rule in bindings:
        with MessageQueue(queue) as mq:
            mq.channel.exchange_declare(exchange, kind, durable=True)
            if kind == 'headers':
                mq.channel.queue_bind(queue, exchange, arguments=rule)
            else:
                mq.channel.queue_bind(queue, exchange, routing_key=rule)
