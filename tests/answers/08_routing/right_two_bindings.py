"""Make the ways with more bindings than needed: a queue gets one copy, however many of its bindings fit."""

import pika
from address import parameters

with pika.BlockingConnection(parameters()) as connection:
    channel = connection.channel()
    for name, kind in {'logs': 'direct', 'events': 'topic', 'documents': 'headers'}.items():
        channel.exchange_declare(exchange=name, exchange_type=kind, durable=True)

    def bind(queue, exchange, key='', **headers):
        channel.queue_declare(queue=queue, durable=True)
        match = headers.pop('match', None)
        channel.queue_bind(queue, exchange, key, {**headers, 'x-match': match} if match else None)

    bind('errors', 'logs', 'error')
    for severity in 'error warning info'.split():
        bind('all_logs', 'logs', severity)
    for pattern in ('order', 'order.*', 'order.*.#'):
        bind('orders', 'events', pattern)
    bind('failed', 'events', '*.failed')
    bind('failed', 'events', 'order.failed')
    bind('pdf_reports', 'documents', match='all', format='pdf', type='report')
    bind('express', 'documents', match='all', priority='high')
    bind('express', 'documents', match='all', customer='gold')
