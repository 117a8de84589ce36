"""A work flow that ends in good order, whatever its size: python workflow.py TO_UPPERS PRINTERS"""

import sys
import threading

from exercises.work import work
from rabbit import HALT, Consumer, MessageQueue, Worker

TO_UPPERS, PRINTERS = int(sys.argv[1]), int(sys.argv[2])


class ToUpper(Worker):
    def __init__(self, name):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        work(message)
        self.write(message.upper())

    def halt(self):
        self.stop()  # the main thread passes the pills on, when all ToUppers have ended


class Printer(Consumer):
    def __init__(self, name):
        super().__init__(name, 'upper')

    def work(self, message):
        work(message)


def launch(service, name):
    stage = service(name)
    thread = threading.Thread(target=stage.start, name=name)
    thread.start()
    return thread


printers = [launch(Printer, f'P{number + 1}') for number in range(PRINTERS)]
uppers = [launch(ToUpper, f'T{number + 1}') for number in range(TO_UPPERS)]
for thread in uppers:
    thread.join()
with MessageQueue('upper') as upper:
    for _ in printers:
        upper.publish(HALT)
for thread in printers:
    thread.join()
