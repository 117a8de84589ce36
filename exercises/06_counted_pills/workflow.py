"""A work flow that ends in good order, whatever its size: python workflow.py TO_UPPERS PRINTERS"""

import sys
import threading

from endings import wait
from exercises.work import work
from rabbit import HALT, Consumer, Worker

TO_UPPERS, PRINTERS = int(sys.argv[1]), int(sys.argv[2])


class ToUpper(Worker):
    def __init__(self, name):
        super().__init__(name, "my_queue", "upper")

    def work(self, message):
        work(message)
        self.write(message.upper())

    def halt(self):
        # TODO: only the last ToUpper that halts may pass the pill on, and then one for each Printer.
        # This passes one on from each ToUpper, at once:
        super().halt()


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
