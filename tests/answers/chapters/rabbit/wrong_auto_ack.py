# says: consumes from my_queue with auto_ack
"""A rabbit.py that consumes with auto_ack."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def start(self):
        self.connection.owner = threading.current_thread()
        with self._explained:
            if not self._stopped:
                self.channel.basic_consume(self.name, self._deliver, auto_ack=True)
                self.channel.start_consuming()
        self._stopped = False

    def ack(self, method):
        """The broker has forgotten it already."""

    def _deliver(self, channel, method, properties, body):
        if not self._stopped:
            with self._explained.not_inside():
                self.callback(channel, method, properties, errors.decoded(body, self.name))
