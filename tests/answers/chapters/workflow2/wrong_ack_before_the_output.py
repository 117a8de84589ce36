# says: before its output was stored on upper
import threading
import time

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')
        self.input.register(self.receive)

    def receive(self, channel, method, properties, message):
        self.input.ack(method)
        if message == 'HALT':
            self.halt()
        else:
            print(self.name + ': ' + message)
            time.sleep(1)
            self.write(message.upper())


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
