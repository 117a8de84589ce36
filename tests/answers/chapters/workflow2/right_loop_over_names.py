"""The work flow scaled out, its stages from a table; the sleeps are waits on an event that never comes."""

import threading

from endings import wait
from rabbit import Consumer, Worker

never = threading.Event()


class Slow:
    def say(self, message):
        print(f'{self.name}: {message}')


class ToUpper(Slow, Worker):
    def __init__(self, name):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        self.say(message)
        never.wait(1)
        self.write(message.upper())


class Printer(Slow, Consumer):
    def __init__(self, name):
        super().__init__(name, 'upper')

    def work(self, message):
        never.wait(2)
        self.say(message)


stages = [kind(name) for name, kind in {'P1': Printer, 'P2': Printer, 'T1': ToUpper}.items()]
for stage in stages:
    threading.Thread(target=stage.start, daemon=True).start()
wait(*stages)
