# says: before its output was stored on upper
"""A rabbit.py whose stages acknowledge first."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


def _receive(self, channel, method, properties, message):
    self.input.ack(method)
    with errors.of_work(self.name, self.input.name, message):
        self.halt() if message == HALT else self.work(message)


Consumer._receive = _receive
