# says: to upper without a publisher confirm
import threading

import pika
from endings import wait
from rabbit import Consumer, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')
        self.fast = self.input.connection.channel()

    def work(self, message):
        self.fast.basic_publish('', 'upper', message.upper().encode(), pika.BasicProperties(delivery_mode=2))


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
