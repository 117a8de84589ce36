"""Be a stage whose machine loses power when destination has the message and source still has it too."""

import os

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.utils import wait_for_sigterm

publisher = Publisher("sync")


def task(message):
    shout = message.body.decode().upper()
    publisher.send_message_to_queue("destination", shout, message_id=message.properties.message_id)
    os._exit(1)
    return MessageStatus.SUCCESS


with publisher, Consumer("source", task):
    wait_for_sigterm(sigint=True)
