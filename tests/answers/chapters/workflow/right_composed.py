"""A work flow whose stages are made from functions, and whose threads are waited for in another order."""

import threading

from endings import wait
from rabbit import Consumer, Worker


def stage(base, name, work, *queues):
    made = type(name, (base,), {'work': work})(name, *queues)
    threading.Thread(target=made.start, daemon=True).start()
    return made


wait(
    stage(Worker, 'ToUpper', lambda self, message: self.write(message.upper()), 'my_queue', 'upper'),
    stage(Consumer, 'Printer', lambda self, message: print(message), 'upper'),
)
