# says: without durable=True
"""A rabbit.py whose queues a restart of the broker removes."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def _declare(self, prefetch):
        self.channel = self.connection.channel()
        self.channel.queue_declare(self.name)
        self.channel.basic_qos(prefetch_count=prefetch)
        self.channel.confirm_delivery()
        self.channel.add_on_cancel_callback(lambda _: errors.cancelled(self.channel, self.name))
