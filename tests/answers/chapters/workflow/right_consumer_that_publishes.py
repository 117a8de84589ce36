"""A work flow whose first stage is a Consumer that opens its output itself, in its own thread's connection."""

import threading

from endings import wait
from rabbit import Consumer, MessageQueue


class ToUpper(Consumer):
    def __init__(self):
        super().__init__('ToUpper', 'my_queue')
        self.upper = MessageQueue('upper', connection=self.input.connection)

    def work(self, message):
        self.upper.publish(message.upper())

    def halt(self):
        print('Halting worker', self.name)
        self.upper.publish('HALT')
        self.stop()


class Printer(Consumer):
    def __init__(self):
        super().__init__('Printer', 'upper')

    def work(self, message):
        print(message)


stages = [Printer(), ToUpper()]
for stage in stages:
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
wait(*stages)
