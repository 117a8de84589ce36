"""What both work flows share: a Stage runs one task with a client of its own, until the poison pill."""

import signal
import threading
import time

import sqs_pipes.one_line  # an error of SQS is one line, without a traceback
from sqs_pipes.client import TaskClient

HALT = "HALT"


def say(line):
    print(line + "\n", end="")  # in one piece, so that the lines of two threads do not run into each other


class Stage:
    def __init__(self, name, group=None):
        self.name = name
        self.client = TaskClient("lesson", group=group, progress=False)
        self.client.register_tasks(
            [
                {"method": str, "name": "my_queue"},
                {"method": self.receive, "name": "upper"},
                {"method": self.receive, "name": "printer"},
            ]
        )

    def start(self):
        say(self.name + " starting")
        self.client.run(self.task)
        say(self.name + " halted.")

    def receive(self, message):
        if message == HALT:
            say("Halting " + self.kind + " " + self.name)
            self.client.stop()
            return HALT
        return self.work(message)


def launch(*stages):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: [stage.client.stop() for stage in stages])
    threads = [threading.Thread(target=stage.start, name=stage.name) for stage in stages]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.1)  # in steps, since on Windows a wait without end holds Ctrl+C back
