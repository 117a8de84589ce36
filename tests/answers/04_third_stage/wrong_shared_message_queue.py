# says: Two stages share one connection.
import threading

from endings import wait
from rabbit import Consumer, MessageQueue, Worker

loud = MessageQueue('loud')


class ToUpper(Worker):
    def __init__(self):
        super().__init__('ToUpper', 'my_queue', 'upper')

    def work(self, message):
        self.write(message.upper())


class Exclaim(Consumer):
    def __init__(self):
        super().__init__('Exclaim', 'upper')

    def work(self, message):
        loud.publish(message + '!')

    def halt(self):
        loud.publish('HALT')
        super().halt()


class Printer(Consumer):
    def __init__(self):
        super().__init__('Printer', 'loud')

    def work(self, message):
        print(message)


def launch(service):
    stage = service()
    threading.Thread(target=stage.start, daemon=True).start()
    return stage


wait(launch(Printer), launch(Exclaim), launch(ToUpper))
