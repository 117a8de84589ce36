# says: without a message_id
"""A rabbit.py by which a duplicate cannot be told."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def publish(self, message):
        properties = pika.BasicProperties(delivery_mode=2, content_type='text/plain')
        with self._explained.to('publish', self.connection.owner):
            body = errors.text(message, self.name).encode(errors='surrogateescape')
            self.channel.basic_publish('', self.name, body, properties, mandatory=True)
