# says: Two stages share one connection.
import threading

from exercises.work import chop, fry, peel
from rabbit import Consumer, MessageQueue, Worker

chopped = MessageQueue('chopped')


class Peeler(Worker):
    def work(self, message):
        peel(message)
        self.write(message)


class Chopper(Consumer):
    def work(self, message):
        chop(message)
        chopped.publish(message)


class Fryer(Consumer):
    def work(self, message):
        fry(message)
        print(message)


stages = [Peeler('P', 'my_queue', 'peeled'), Fryer('F', 'chopped')] + [Chopper(f'C{i}', 'peeled') for i in range(3)]
for stage in stages:
    threading.Thread(target=stage.start).start()
