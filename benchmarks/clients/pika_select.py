"""Plain pika's SelectConnection: it publishes on its own thread, or is fed from another through its I/O loop."""

import threading
from functools import partial
from typing import Any

import pika
from pika.channel import Channel

from .measuring import Task, Watch, run
from .pika_address import PERSISTENT, parameters

PORTION = 100
"""Messages between two looks at the socket, where it publishes on its own thread."""


class Confirmed:
    """A SelectConnection that runs in a thread, with a channel in confirm mode; `all` is set by the last confirm."""

    def __init__(self, count: int) -> None:
        self.ready, self.all = threading.Event(), threading.Event()
        self.channel: Channel
        self._left = count
        self._lowest, self._early = 0, set[int]()  # up to the lowest all are confirmed, and these of the later ones
        self.connection = pika.SelectConnection(parameters(), on_open_callback=self._opened)
        threading.Thread(target=self.connection.ioloop.start, daemon=True).start()
        self.ready.wait()

    def call(self, function: Any) -> None:
        """Call the function in the connection's thread."""
        self.connection.ioloop.add_callback_threadsafe(function)

    def _opened(self, connection: pika.SelectConnection) -> None:
        self.channel = connection.channel(on_open_callback=self._confirming)

    def _confirming(self, channel: Channel) -> None:
        channel.confirm_delivery(self._confirmed, callback=lambda _: self.ready.set())

    def _confirmed(self, frame: Any) -> None:
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            self._left -= tag - self._lowest - sum(each <= tag for each in self._early)
            self._early = {each for each in self._early if each > tag}
        else:
            self._left -= 1
        if frame.method.multiple or tag == self._lowest + 1:
            self._lowest = tag
        else:
            self._early.add(tag)
        if self._left <= 0:
            self.all.set()


def publish(task: Task, watch: Watch) -> None:
    """Publish on the connection's own thread, up to the last confirm."""
    link, body = Confirmed(task.count), task.body

    def portion(left: int) -> None:
        for _ in range(min(left, PORTION)):
            link.channel.basic_publish("", task.queue, body, PERSISTENT, mandatory=True)
        if left > PORTION:
            link.connection.ioloop.call_later(0, partial(portion, left - PORTION))

    watch.start()
    link.call(partial(portion, task.count))
    link.all.wait()


def fed(task: Task, watch: Watch) -> None:
    """Publish from another thread, up to the last confirm."""
    link, body = Confirmed(task.count), task.body
    send = partial(link.channel.basic_publish, "", task.queue, body, PERSISTENT, mandatory=True)
    watch.start()
    for _ in range(task.count):
        link.call(send)
    link.all.wait()


if __name__ == "__main__":
    run("pika", publish=publish, fed=fed)
