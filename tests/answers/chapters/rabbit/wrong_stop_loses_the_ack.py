# says: ended on HALT and did not acknowledge it
"""A rabbit.py whose stop() closes the connection at once."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def stop(self):
        self._stopped = True
        self.connection.close()

    def ack(self, method):
        if self.connection.is_open:
            super().ack(method)
