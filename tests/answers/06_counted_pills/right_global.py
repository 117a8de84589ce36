"""A work flow that ends in good order, whatever its size: python workflow.py TO_UPPERS PRINTERS"""

import sys
import threading

from endings import wait
from exercises.work import work
from rabbit import HALT, Consumer, Worker

TO_UPPERS, PRINTERS = int(sys.argv[1]), int(sys.argv[2])

left = TO_UPPERS
lock = threading.Lock()


class ToUpper(Worker):
    def __init__(self, name):
        super().__init__(name, "my_queue", "upper")

    def work(self, message):
        work(message)
        self.write(message.upper())

    def halt(self):
        global left
        print(f"Halting worker {self.name}")
        with lock:
            left -= 1
            last = left == 0
        if last:
            for _ in range(PRINTERS):
                self.write(HALT)
        self.stop()


class Printer(Consumer):
    def __init__(self, name):
        super().__init__(name, "upper")

    def work(self, message):
        work(message)


def launch(service, name):
    stage = service(name)
    threading.Thread(target=stage.start, name=name, daemon=True).start()
    return stage


wait(
    *[launch(Printer, f"P{number}") for number in range(1, PRINTERS + 1)],
    *[launch(ToUpper, f"T{number}") for number in range(1, TO_UPPERS + 1)],
)
