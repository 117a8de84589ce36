"""A work flow of three stages: ToUpper writes upper, Exclaim writes loud, Printer prints loud: python workflow.py"""

import threading

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name="ToUpper"):
        super().__init__(name, "my_queue", "upper")

    def work(self, message):
        self.write(message.upper())


class Exclaim(Worker):
    def __init__(self, name="Exclaim"):
        super().__init__(name, "upper", "loud")

    def work(self, message):
        self.write(message + "!")


class Printer(Consumer):
    def __init__(self, name="Printer"):
        super().__init__(name, "loud")

    def work(self, message):
        print(message)


def launch(service):
    stage = service()
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
    return stage


wait(launch(Printer), launch(Exclaim), launch(ToUpper))
