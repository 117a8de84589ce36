"""At the end of a process that stopped nothing, what was sent is confirmed and the tasks in hand end."""

import subprocess
import sys
from collections.abc import Callable

from conftest import ROOT, Held
from waiting import lessons, until

SENDER = """
from lapinmq import Publisher
publisher = Publisher('async')
publisher.start()
for number in range(500):
    publisher.send_message_to_queue('q', str(number))
"""
STAGE = """
import threading
from lapinmq import Consumer, MessageStatus, Publisher
begun = threading.Event()
publisher = Publisher()


def task(message):
    begun.set()
    threading.Event().wait(0.5)
    publisher.send_message_to_queue('sent on', message.body)
    return MessageStatus.SUCCESS


publisher.start()
Consumer('q', task).start()
begun.wait(60)
"""


def run(script: str) -> None:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=lessons(ROOT), timeout=90, check=True, capture_output=True)
    assert done.stderr == b""


def test_what_was_sent_is_confirmed_before_the_process_ends(plain, held: Callable[[str], Held]) -> None:
    plain.queue_declare("q", durable=True)
    run(SENDER)
    until(lambda: held("q").ready, 500)


def test_a_task_in_hand_can_still_publish_and_its_message_is_acknowledged(plain, held: Callable[[str], Held]) -> None:
    for name in ("q", "sent on"):
        plain.queue_declare(name, durable=True)
    plain.basic_publish("", "q", "x")
    run(STAGE)
    until(lambda: (held("q"), held("sent on").ready), ((0, 0, 0), 1))
