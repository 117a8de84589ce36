"""Book on two accounts, each in the order of its bookings, both at the same time."""

import time

from sqs_pipes.client import TaskClient


def bookings(account, amount):
    return account, amount


def book(booking):
    account, amount = booking
    time.sleep(0.5)
    return account, amount


client = TaskClient("bank", group=lambda booking: booking[0])
client.register_tasks([bookings, {"method": book, "workers": 4}])

for amount in (1, 2, 3):
    client.submit(("Ann", amount))
    client.submit(("Bob", amount))

for booking in client.run("book", iterate=True):
    print("%s: %d" % booking)
