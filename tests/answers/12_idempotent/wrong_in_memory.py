# says: The restarted consumer had forgotten what was done.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)
done = set()


def message_handler(channel, method, properties, message):
    if properties.message_id not in done:
        with db:
            db.execute('UPDATE account SET balance = balance + ?', [int(message)])
        done.add(properties.message_id)
    mq.ack(method)


mq.register(message_handler)
mq.start()
