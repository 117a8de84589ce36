"""A rabbit.py whose start() turns the connection's events in a loop of its own."""

from pathlib import Path

import errors

exec((Path(errors.__file__).parent / 'rabbit.py').read_text(encoding='utf-8'))  # and now one thing is done otherwise


class MessageQueue(MessageQueue):
    def start(self):
        self.channel.start_consuming = self.turn
        super().start()

    def turn(self):
        while self.channel.consumer_tags:
            self.channel._process_data_events(time_limit=None)  # raises when the channel is closed
