"""Consume four temporary queues, each bound to an exchange of another type, until Ctrl+C."""

from contextlib import ExitStack

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.queues import Binding
from lapinmq.utils import wait_for_sigterm


def task(message):
    print(f"{message.exchange}: {message.body.decode()}\n", end="")  # in one write: four threads print
    return MessageStatus.SUCCESS


bindings = [
    Binding("to_all", exchange_type="fanout"),
    Binding("by_key", "red", exchange_type="direct"),
    Binding("by_pattern", "order.*", exchange_type="topic"),
    Binding("by_headers", exchange_type="headers", arguments={"x-match": "all", "format": "pdf"}),
]

with ExitStack() as consumers:
    for binding in bindings:
        consumers.enter_context(Consumer("", task, bindings=[binding]))
    print("Ready.")
    wait_for_sigterm(sigint=True)
