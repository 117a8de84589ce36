"""Work on orders, some of which fail, with one retry for each, until Ctrl+C."""

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.utils import wait_for_sigterm


def task(message):
    order = message.body.decode()
    print(f"{order}: retries so far {message.retries}")
    if order == "early" and message.retries == 0:
        return MessageStatus.FAIL_RETRY_LATER
    if order == "torn":
        return MessageStatus.FAIL_DO_NOT_RETRY
    if order == "odd":
        raise ValueError("no such article")
    return MessageStatus.SUCCESS


with Consumer("orders", task, retry_limit=1):
    print("Ready.")
    wait_for_sigterm(sigint=True)
