# says: one consumer of upper held
"""A rabbit.py whose stages hoard."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def __init__(self, name, prefetch=0, connection=None):
        super().__init__(name, 0, connection)
