"""Print what arrives on the queue destination, each message_id once; until Ctrl+C."""

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import wait_for_sigterm

seen = set()


def task(message):
    number, text = message.properties.message_id, message.body.decode()
    print(f"{text} (a duplicate, skipped)" if number in seen else text)
    seen.add(number)
    return MessageStatus.SUCCESS


with Consumer("destination", task):
    print("Ready.")
    wait_for_sigterm(sigint=True)
