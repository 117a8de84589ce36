# says: ended on HALT and did not acknowledge it
import threading

from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')
        self.input.register(self.receive)

    def receive(self, channel, method, properties, message):
        if message == 'HALT':
            self.halt()
        else:
            self.write(message.upper())
            self.input.ack(method)


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
