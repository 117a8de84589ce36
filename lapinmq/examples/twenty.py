"""Start ten publishers and ten consumers, and ask the broker which connections and channels it has from us."""

import os
import time
from contextlib import ExitStack
from urllib.parse import quote

import requests

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

host, port = os.environ.get("RABBITMQ_HOST", "localhost"), os.environ.get("RABBITMQ_MANAGEMENT_PORT", "15672")
login = os.environ.get("RABBITMQ_USERNAME", "guest"), os.environ.get("RABBITMQ_PASSWORD", "guest")


def listed(what):
    return requests.get(f"http://{host}:{port}/api/{what}", auth=login, timeout=10).json()


def task(message):
    return MessageStatus.SUCCESS


with ExitStack() as started:
    for number in range(10):
        started.enter_context(Publisher())
        started.enter_context(Consumer(f"job{number}", task))
    time.sleep(6)  # the broker lists new ones every 5 seconds
    for connection in listed("connections"):
        if connection.get("user_provided_name") == f"twenty.py {os.getpid()}":
            channels = listed(f"connections/{quote(connection['name'])}/channels")
            print("A connection with", len(channels), "channels")
