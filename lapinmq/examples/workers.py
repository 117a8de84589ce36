"""Time four tasks of a second each: python -m lapinmq.examples.workers WORKER_THREADS"""

import sys
import threading
import time

from lapinmq.consumer import Consumer
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

threads = int(sys.argv[1])
done = threading.Semaphore(0)


def task(message):
    time.sleep(1)
    done.release()
    return MessageStatus.SUCCESS


with Consumer("chores", task, threads), Publisher() as publisher:
    begin = time.monotonic()
    for chore in "wash", "dry", "fold", "iron":
        publisher.send_message_to_queue("chores", chore)
    for _ in range(4):
        done.acquire()
    print(f"4 tasks, {threads} worker threads: {time.monotonic() - begin:.0f} s")
