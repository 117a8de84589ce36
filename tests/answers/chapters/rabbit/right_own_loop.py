"""A rabbit.py whose start() turns the connection's events itself, and ends by cancelling its consumer."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def start(self):
        self.connection.owner = threading.current_thread()
        with self._explained:
            if not self._stopped:
                tag = self.channel.basic_consume(self.name, self._deliver)
                while not self._stopped and tag in self.channel.consumer_tags:
                    self.channel._process_data_events(time_limit=None)  # raises when the channel is closed
                if self.channel.is_open:
                    self.channel.basic_cancel(tag)
        self._stopped = False

    def stop(self):
        self._stopped = True
        with suppress(pika.exceptions.ConnectionWrongStateError):
            self.connection.add_callback_threadsafe(int)  # any callback wakes the loop
