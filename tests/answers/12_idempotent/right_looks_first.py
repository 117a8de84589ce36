"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue("payments", prefetch=1)


def message_handler(channel, method, properties, message):
    known = db.execute("SELECT 1 FROM done WHERE message_id = ?", [properties.message_id]).fetchone()
    if known:
        print("known already")
    else:
        db.execute("UPDATE account SET balance = balance + ?", [int(message)])
        db.execute("INSERT INTO done VALUES (?)", [properties.message_id])
        db.commit()
    mq.ack(method)


mq.register(message_handler)
mq.start()
