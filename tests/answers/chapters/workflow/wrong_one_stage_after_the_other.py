# says: stages that do not run at the same time wait for each other
from rabbit import Consumer, Worker


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


printer = Printer()
ToUpper().start()
printer.start()
