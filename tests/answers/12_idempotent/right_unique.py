import sqlite3

import pika

from address import parameters
from exercises.account import opened


class Payments:
    def __init__(self):
        self.db = opened()
        self.channel = pika.BlockingConnection(parameters()).channel()
        self.channel.queue_declare('payments', durable=True)
        self.channel.basic_qos(prefetch_count=10)

    def run(self):
        for method, properties, body in self.channel.consume('payments'):
            try:
                self.add(properties.message_id, int(body))
            except sqlite3.IntegrityError:
                print('a second time:', properties.message_id)
            self.channel.basic_ack(method.delivery_tag)

    def add(self, message_id, amount):
        with self.db:
            self.db.execute('INSERT INTO done VALUES (?)', [message_id])
            self.db.execute('UPDATE account SET balance = balance + ?', [amount])


Payments().run()
