"""Print what arrives on a queue, until Ctrl+C or SIGTERM: python -m lapinmq.examples.receive QUEUE"""

import sys

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import wait_for_sigterm


def task(message):
    print(message.body.decode())
    return MessageStatus.SUCCESS


with Consumer(sys.argv[1], task):
    print("Ready.")
    wait_for_sigterm(sigint=True)
print("Stopped.")
