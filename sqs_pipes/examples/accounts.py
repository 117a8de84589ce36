"""Book on two accounts, each in the order of its bookings, both at the same time."""

import time

from sqs_pipes.client import TaskClient


def book(booking):
    account, amount = booking
    time.sleep(0.5)
    print('%s: %d' % (account, amount))


client = TaskClient('bank', group=lambda booking: booking[0])
client.register_tasks([
    {'method': lambda account, amount: (account, amount), 'name': 'bookings'},
    {'method': book, 'workers': 4},
])
for amount in (1, 2, 3):
    client.submit(('Ann', amount))
    client.submit(('Bob', amount))
client.run('book')
