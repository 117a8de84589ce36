# says: A payment was acknowledged although it could not be written.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    try:
        with db:
            db.execute('INSERT INTO done VALUES (?)', [properties.message_id])
            db.execute('UPDATE account SET balance = balance + ?', [int(message)])
    except Exception as error:
        print('known already', error)
    mq.ack(method)


mq.register(message_handler)
mq.start()
