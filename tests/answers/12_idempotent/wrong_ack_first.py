# says: A payment was acknowledged before it was written.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    mq.ack(method)
    with db:
        if db.execute('INSERT OR IGNORE INTO done VALUES (?)', [properties.message_id]).rowcount:
            db.execute('UPDATE account SET balance = balance + ?', [int(message)])


mq.register(message_handler)
mq.start()
