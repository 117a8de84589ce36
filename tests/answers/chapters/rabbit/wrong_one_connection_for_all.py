# says: a connection is for one thread
"""A rabbit.py whose queues share one connection."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    shared = {}

    def __init__(self, name, prefetch=0, connection=None):
        place = repr(parameters())
        if not connection and (place not in self.shared or self.shared[place].is_closed):
            self.shared[place] = pika.BlockingConnection(parameters())
        super().__init__(name, prefetch, connection or self.shared[place])
