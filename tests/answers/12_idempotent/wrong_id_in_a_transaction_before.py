# says: were not written in one transaction
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    new = db.execute('INSERT OR IGNORE INTO done VALUES (?)', [properties.message_id]).rowcount
    db.commit()
    if new:
        db.execute('UPDATE account SET balance = balance + ?', [int(message)])
        db.commit()
    mq.ack(method)


mq.register(message_handler)
mq.start()
