"""A kitchen: vegetables are peeled, chopped and fried, each by a stage of its own: python kitchen.py"""

import threading

from endings import wait
from exercises.work import chop, fry, peel
from rabbit import Consumer, Worker


class Peeler(Worker):
    def __init__(self, name):
        super().__init__(name, "my_queue", "peeled")

    def work(self, message):
        peel(message)
        self.write(message)


class Chopper(Worker):
    def __init__(self, name):
        super().__init__(name, "peeled", "chopped")

    def work(self, message):
        chop(message)
        self.write(message)


class Fryer(Consumer):
    def __init__(self, name):
        super().__init__(name, "chopped")

    def work(self, message):
        fry(message)
        print(f"{self.name}: {message}")


def launch(service, name):
    stage = service(name)
    threading.Thread(target=stage.start, name=name, daemon=True).start()
    return stage


# TODO: one of these three is too slow for the others. Launch as many of it as it takes, and not one more.
wait(
    launch(Fryer, "F1"),
    launch(Chopper, "C1"),
    launch(Peeler, "P1"),
)
