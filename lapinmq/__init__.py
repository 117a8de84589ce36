"""Long-living publishers and multi-threaded consumers for RabbitMQ, on pika. It needs nothing else of this repository.

Which thread runs what: one I/O thread per connection speaks with the broker, keeps its heartbeats and runs the
publishers' callbacks; a consumer's worker threads run its task function; your threads only queue work for them.
"""

import atexit
import logging

from lapinmq import consumer, publisher
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.queues import Binding

__all__ = ["Binding", "Connection", "Consumer", "Message", "MessageStatus", "Publisher"]


@atexit.register
def _at_exit() -> None:
    """Stop what nobody stopped: consumers first, since their tasks may publish."""
    consumer.stop_all()
    publisher.stop_all()


if logging.getLogger("pika").level == logging.NOTSET:  # it writes a page for each refused connection; we write a line
    logging.getLogger("pika").setLevel(logging.CRITICAL)
