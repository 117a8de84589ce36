import threading

from endings import wait
from rabbit import Consumer, Worker


class Stage(Worker):
    def __init__(self, name, source, target, function):
        super().__init__(name, source, target)
        self.function = function

    def work(self, message):
        self.write(self.function(message))


class Printer(Consumer):
    work = staticmethod(print)


stages = [
    Stage('T', 'my_queue', 'upper', str.upper),
    Stage('E', 'upper', 'loud', lambda message: f'{message}!'),
    Printer('P', 'loud'),
]
for each in stages:
    threading.Thread(target=each.start, daemon=True).start()
wait(*stages)
