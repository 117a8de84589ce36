# says: each stage hands its output to the next one by a queue
import threading

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        self.write(message)


class Printer(Consumer):
    def __init__(self, name='Printer'):
        super().__init__(name, 'upper')

    def work(self, message):
        print(message.upper())


def launch(service):
    stage = service()
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
    return stage


wait(launch(Printer), launch(ToUpper))
