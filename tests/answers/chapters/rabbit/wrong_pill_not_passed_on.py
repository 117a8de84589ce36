# says: passed HALT on to upper 0 times
"""A rabbit.py whose workers keep the pill."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


def halt(self):
    print(f'Halting worker {self.name}')
    self.stop()


Worker.halt = halt
