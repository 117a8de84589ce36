# says: without an ack: 'HALT'
import threading
import time

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')
        self.input.register(self.receive)

    def work(self, message):
        print(self.name + ': ' + message)
        time.sleep(1)
        self.write(message.upper())

    def receive(self, channel, method, properties, message):
        if message == 'HALT':
            self.halt()
        else:
            self.work(message)
            self.input.ack(method)


class Printer(Consumer):
    def __init__(self, name='Printer'):
        super().__init__(name, 'upper')

    def work(self, message):
        time.sleep(2)
        print(self.name + ': ' + message)


def launch(service, name):
    stage = service(name)
    threading.Thread(target=stage.start, name=name, daemon=True).start()
    return stage


wait(
    launch(Printer, 'P1'),
    launch(Printer, 'P2'),
    launch(ToUpper, 'T1'),
)
