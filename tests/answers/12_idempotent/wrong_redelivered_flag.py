# says: A payment was skipped because it was marked as redelivered.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    if not method.redelivered:
        with db:
            db.execute('UPDATE account SET balance = balance + ?', [int(message)])
    mq.ack(method)


mq.register(message_handler)
mq.start()
