# says: the other Printer works on, and waits for a pill of its own
import threading
import time

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        print(self.name + ': ' + message)
        time.sleep(1)
        self.write(message.upper())


class Printer(Consumer):
    def __init__(self, name='Printer'):
        super().__init__(name, 'upper')

    def work(self, message):
        time.sleep(2)
        print(self.name + ': ' + message)

    def halt(self):
        super().halt()
        for each in printers:
            each.stop()


def launch(service, name):
    stage = service(name)
    threading.Thread(target=stage.start, name=name, daemon=True).start()
    return stage


printers = [launch(Printer, 'P1'), launch(Printer, 'P2')]
wait(*printers, launch(ToUpper, 'T1'))
