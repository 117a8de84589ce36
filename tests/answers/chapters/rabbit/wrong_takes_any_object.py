# says: test_publish_takes_text_and_nothing_else
"""A rabbit.py that publishes what str() makes of it."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def publish(self, message):
        super().publish(str(message))
