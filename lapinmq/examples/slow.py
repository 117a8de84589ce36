"""Take 3 seconds for each message, and end in good order: python -m lapinmq.examples.slow QUEUE"""

import sys
import time

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import wait_for_sigterm


def task(message):
    print("Begun:", message.body.decode())
    time.sleep(3)
    print("Done:", message.body.decode())
    return MessageStatus.SUCCESS


with Consumer(sys.argv[1], task):
    print("Ready.")
    wait_for_sigterm(sigint=True)
print("Stopped.")
