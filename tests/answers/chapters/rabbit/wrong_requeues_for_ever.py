# says: it comes back at once, and so for ever
"""A rabbit.py whose stages try what fails again and again."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


def _receive(self, channel, method, properties, message):
    try:
        self.halt() if message == HALT else self.work(message)
    except Exception:
        channel.basic_nack(method.delivery_tag)
    else:
        self.input.ack(method)


Consumer._receive = _receive
