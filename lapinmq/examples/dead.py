"""Print and remove what is in the dead-letter queue of orders, until Ctrl+C."""

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import wait_for_sigterm


def task(message):
    headers = message.properties.headers
    print(f"{message.body.decode()}: {headers['x-lapinmq-reason']}")
    return MessageStatus.SUCCESS


with Consumer("orders.dead", task, retry_limit=0, dead_letter_queue=""):
    wait_for_sigterm(sigint=True)
