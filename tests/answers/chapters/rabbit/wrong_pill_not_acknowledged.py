# says: ended on HALT and did not acknowledge it
"""A rabbit.py whose stages leave the pill on the queue."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


def _receive(self, channel, method, properties, message):
    with errors.of_work(self.name, self.input.name, message):
        if message == HALT:
            return self.halt()
        self.work(message)
    self.input.ack(method)


Consumer._receive = _receive
