"""Add each payment on the queue payments to the account, once."""

import time

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)


def message_handler(channel, method, properties, message):
    try:
        with db:
            if db.execute('INSERT OR IGNORE INTO done VALUES (?)', [properties.message_id]).rowcount:
                db.execute('UPDATE account SET balance = balance + ?', [int(message)])
    except Exception as error:
        print('failed:', error)
        time.sleep(0.2)
        channel.basic_nack(method.delivery_tag, requeue=True)
    else:
        mq.ack(method)


mq.register(message_handler)
mq.start()
