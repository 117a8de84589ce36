# says: left 2 of its connections unclosed
"""A rabbit.py whose with statement leaves the connection open."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def __exit__(self, raised, *_):
        pass
