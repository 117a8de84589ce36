"""A work flow of two stages in two threads: ToUpper reads my_queue and writes upper, Printer prints upper."""

import threading

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name="ToUpper"):
        super().__init__(name, "my_queue", "upper")

    def work(self, message):
        self.write(message.upper())


class Printer(Consumer):
    def __init__(self, name="Printer"):
        super().__init__(name, "upper")

    def work(self, message):
        print(message)


def launch(service):
    stage = service()
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
    return stage


wait(launch(Printer), launch(ToUpper))
