# says: ended on HALT and took what stood behind it
"""A rabbit.py that acknowledges what it was handed and did not work on."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def _deliver(self, channel, method, properties, body):
        if self._stopped:
            channel.basic_ack(method.delivery_tag)
        else:
            super()._deliver(channel, method, properties, body)
