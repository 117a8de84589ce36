# says: what is printed alone is no work flow
import threading

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        print(message.upper())


class Printer(Consumer):
    def __init__(self, name='Printer'):
        super().__init__(name, 'upper')

    def work(self, message):
        print(message)


def launch(service):
    stage = service()
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
    return stage


wait(launch(Printer), launch(ToUpper))
