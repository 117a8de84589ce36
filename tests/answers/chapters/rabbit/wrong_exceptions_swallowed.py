# says: an exception that is swallowed is a message that nobody knows to be lost
"""A rabbit.py that goes on after each error of a callback."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def _deliver(self, channel, method, properties, body):
        if self._stopped:
            return channel.basic_nack(method.delivery_tag)
        try:
            self.callback(channel, method, properties, errors.decoded(body, self.name))
        except Exception:
            self.stop()
