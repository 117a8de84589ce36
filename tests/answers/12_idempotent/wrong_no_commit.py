# says: The payments were not added to the account.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    if db.execute('INSERT OR IGNORE INTO done VALUES (?)', [properties.message_id]).rowcount:
        db.execute('UPDATE account SET balance = balance + ?', [int(message)])
    print('balance:', balance(db))
    mq.ack(method)


mq.register(message_handler)
mq.start()
