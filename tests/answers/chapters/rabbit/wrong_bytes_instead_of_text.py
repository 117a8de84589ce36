# says: which is bytes
"""A rabbit.py that hands bytes to the callback."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def _deliver(self, channel, method, properties, body):
        if self._stopped:
            channel.basic_nack(method.delivery_tag)
        else:
            with self._explained.not_inside():
                self.callback(channel, method, properties, body)
