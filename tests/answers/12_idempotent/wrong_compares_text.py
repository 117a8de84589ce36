# says: Two payments of the same amount were taken for one.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    with db:
        if db.execute('INSERT OR IGNORE INTO done VALUES (?)', [message]).rowcount:
            db.execute('UPDATE account SET balance = balance + ?', [int(message)])
    mq.ack(method)


mq.register(message_handler)
mq.start()
