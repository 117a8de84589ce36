"""The work of exercise 09, as given: it fails for some orders, each time. As a script it sends orders to the queue.

python exercises/orders.py "3 apples" "many pears"
"""

import sys

import pika

from address import parameters
from exercises.work import work


def process(order):
    """Do an order such as '3 apples'; raise ValueError when it does not begin with a number."""
    count = order.split()[0]
    if not count.isdigit():
        raise ValueError(f"{order!r}: {count!r} is no number")
    work(order)


def send(*orders):
    """Put the orders on the queue, which the consumer has declared."""
    with pika.BlockingConnection(parameters()) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for order in orders:
            channel.basic_publish("", "orders", order.encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)


if __name__ == "__main__":
    send(*sys.argv[1:])
