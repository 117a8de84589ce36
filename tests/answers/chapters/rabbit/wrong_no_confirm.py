# says: without a publisher confirm
"""A rabbit.py that publishes without confirms."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def _declare(self, prefetch):
        super()._declare(prefetch)
        self.channel = self.connection.channel()
        self.channel.basic_qos(prefetch_count=prefetch)
        self.channel.add_on_cancel_callback(lambda _: errors.cancelled(self.channel, self.name))
