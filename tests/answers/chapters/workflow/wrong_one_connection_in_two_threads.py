# says: consumers on one connection
import threading

from endings import wait
from rabbit import Consumer, MessageQueue, Worker


class ToUpper(Worker):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue', 'upper')

    def work(self, message):
        self.write(message.upper())


class Printer(Consumer):
    def __init__(self, name='Printer'):
        super().__init__(name, 'upper')

    def work(self, message):
        print(message)


upper, printer = ToUpper(), Printer()
receive = printer.input.callback
printer.input.close()
printer.input = MessageQueue('upper', prefetch=1, connection=upper.input.connection)
printer.input.register(receive)
for stage in (upper, printer):
    threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
wait(upper, printer)
