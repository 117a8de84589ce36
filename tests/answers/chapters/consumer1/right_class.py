"""Print what arrives on my_queue, by an object that is called."""

from rabbit import MessageQueue


class Shower:
    def __init__(self, queue):
        self.mq = MessageQueue(queue)
        self.mq.register(self)

    def __call__(self, channel, method, properties, message):
        print(message)

    def run(self):
        print('Starting consumer.')
        self.mq.start()
        print('Consumer has terminated.')


Shower('my_queue').run()
