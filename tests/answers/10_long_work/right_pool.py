"""A class with a pool of one thread; what is done comes back by functools.partial."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from exercises.long_work import work
from rabbit import MessageQueue


class Jobs:
    def __init__(self):
        self.mq = MessageQueue('jobs', prefetch=1)
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.mq.register(self.take)

    def take(self, channel, method, properties, message):
        future = self.pool.submit(work, message)
        future.add_done_callback(lambda done: self.mq.connection.add_callback_threadsafe(partial(self.mq.ack, method)))


jobs = Jobs()
jobs.mq.start()
