# says: did not declare the queue upper
import threading

from endings import wait
from rabbit import Consumer


class ToUpper(Consumer):
    def __init__(self, name='ToUpper'):
        super().__init__(name, 'my_queue')

    def work(self, message):
        print(message.upper())


stage = ToUpper()
threading.Thread(target=stage.start, name=stage.name, daemon=True).start()
wait(stage)
