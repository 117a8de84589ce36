"""Add each payment on the queue payments to the account, once: python consumer.py"""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue("payments", prefetch=1)


def message_handler(channel, method, properties, message):
    with db:  # one transaction: both lines are written, or none
        new = db.execute("INSERT OR IGNORE INTO done VALUES (?)", [properties.message_id]).rowcount
        db.execute("UPDATE account SET balance = balance + ?", [int(message) * new])
    print("balance:", balance(db))
    mq.ack(method)


mq.register(message_handler)
print("Waiting for payments.")
mq.start()
