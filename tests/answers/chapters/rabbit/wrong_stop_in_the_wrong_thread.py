# says: stop() was called in the thread
"""A rabbit.py whose stop() uses the connection in any thread."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def stop(self):
        self._stopped = True
        with self._explained.to('stop', self.connection.owner):
            self.channel.stop_consuming()
