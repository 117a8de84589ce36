# says: The payments were not added to the account.
"""Add each payment on the queue payments to the account, once."""

from exercises.account import balance, opened
from rabbit import MessageQueue

db = opened()
mq = MessageQueue('payments', prefetch=1)
total = 0
seen = set()


def message_handler(channel, method, properties, message):
    global total
    if properties.message_id not in seen:
        seen.add(properties.message_id)
        total += int(message)
    print('balance:', total)
    mq.ack(method)


mq.register(message_handler)
mq.start()
