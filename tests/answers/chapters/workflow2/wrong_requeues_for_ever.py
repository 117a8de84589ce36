# says: gave it back to the queue, with nack
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
        self.input.register(self.receive)

    def receive(self, channel, method, properties, message):
        if message == 'HALT':
            self.halt()
            self.input.ack(method)
        else:
            time.sleep(2)
            print(self.name + ': ' + message)
            channel.basic_nack(method.delivery_tag)


def launch(service, name):
    stage = service(name)
    threading.Thread(target=stage.start, name=name, daemon=True).start()
    return stage


wait(
    launch(Printer, 'P1'),
    launch(Printer, 'P2'),
    launch(ToUpper, 'T1'),
)
