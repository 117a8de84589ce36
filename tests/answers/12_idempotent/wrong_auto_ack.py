# says: The consumer consumes with auto_ack=True.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, body):
    with db:
        if db.execute('INSERT OR IGNORE INTO done VALUES (?)', [properties.message_id]).rowcount:
            db.execute('UPDATE account SET balance = balance + ?', [int(body)])


mq.channel.basic_consume('payments', message_handler, auto_ack=True)
mq.channel.start_consuming()
