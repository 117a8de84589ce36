"""Add each payment on the queue payments to the account, once: python consumer.py"""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue("payments", prefetch=1)


def message_handler(channel, method, properties, message):
    # TODO: a payment may be delivered twice. Its properties.message_id is then the same. Add it once.
    with db:
        db.execute("UPDATE account SET balance = balance + ?", [int(message)])
    print("balance:", balance(db))
    mq.ack(method)


mq.register(message_handler)
print("Waiting for payments.")
mq.start()
