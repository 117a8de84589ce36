"""Message queues on RabbitMQ: MessageQueue to publish and consume; Consumer and Worker, the stages of a work flow.

A MessageQueue is for one thread: the one that made it, and from start() on the one that called that. Only stop() is
for all. Where the broker is stands in address.py, what its errors mean in errors.py.
"""

import threading
import uuid
from contextlib import AbstractContextManager, ExitStack, suppress

import errors  # before pika: from here on Ctrl+C ends a lesson without a traceback
import pika
from address import parameters

HALT = "HALT"  # the poison pill


class MessageQueue(AbstractContextManager):
    """A durable queue; `prefetch` limits the unacknowledged messages it hands out at a time, 0 does not."""

    def __init__(self, name, prefetch=0, connection=None):
        """Connect, unless a connection to share is given, and declare the queue; raise BrokerError."""
        self.name, self.callback, self._stopped = errors.queue_name(name), None, False
        self._explained = errors.Explained(name, parameters())
        with self._explained:
            self.connection = connection or pika.BlockingConnection(self._explained.address)
            self.connection.owner = threading.current_thread()
            self._declare(prefetch)

    def publish(self, message):
        """Put text on the queue. Blocks until the broker has it on disk; raise BrokerError when that is not certain."""
        properties = pika.BasicProperties(delivery_mode=2, message_id=str(uuid.uuid4()), content_type="text/plain")
        with self._explained.to("publish", self.connection.owner):
            body = errors.text(message, self.name).encode(errors="surrogateescape")  # bytes as the terminal gave them
            self.channel.basic_publish("", self.name, body, properties, mandatory=True)

    def register(self, callback):
        """Have start() call callback(channel, method, properties, message) for each message, which is text."""
        self.callback = callback

    def start(self):
        """Consume. Blocks until stop(); raise BrokerError when the queue or the connection is lost."""
        self.connection.owner = threading.current_thread()
        with self._explained:
            if not self._stopped:
                self.channel.basic_consume(self.name, self._deliver)
                self.channel.start_consuming()
        self._stopped = False

    def stop(self):
        """Make start() return, from any thread, also before it began. Messages not yet handed over go back."""
        self._stopped = True
        with suppress(pika.exceptions.ConnectionWrongStateError):  # it is closed already
            self.connection.add_callback_threadsafe(lambda: self._stopped and self.channel.stop_consuming())

    def ack(self, method):
        """Acknowledge the message that came with `method`: the broker forgets it."""
        with self._explained.to("ack", self.connection.owner):
            self.channel.basic_ack(method.delivery_tag)

    def close(self):
        """Close the connection, once; messages that were not acknowledged go back to the queue."""
        with self._explained.to("close", self.connection.owner):
            if self.connection.is_open:
                self.connection.close()

    def __exit__(self, raised, *_):
        with suppress(*[errors.BrokerError] * bool(raised)):  # what was raised inside is the one to tell
            self.close()

    def _declare(self, prefetch):
        with ExitStack() as failed:
            failed.callback(self.close)
            self.channel = self.connection.channel()
            self.channel.queue_declare(self.name, durable=True)
            self.channel.basic_qos(prefetch_count=prefetch)
            self.channel.confirm_delivery()
            self.channel.add_on_cancel_callback(lambda _: errors.cancelled(self.channel, self.name))  # else silence
            failed.pop_all()

    def _deliver(self, channel, method, properties, body):
        if self._stopped:  # while this message waited here
            channel.basic_nack(method.delivery_tag)
        else:
            with self._explained.not_inside():
                self.callback(channel, method, properties, errors.decoded(body, self.name))


class Consumer:
    """The last stage of a work flow: its work() gets the messages of `queue`, one at a time, until HALT."""

    def __init__(self, name, queue):
        self.name, self.thread, self.failed = name, None, True  # until it starts, and until it halts
        self.input = MessageQueue(queue, prefetch=1)  # the next message goes to a consumer that is free
        self.input.register(self._receive)

    def work(self, message):
        """Process text. It is acknowledged when this returns, and goes back to the queue when this raises."""
        raise NotImplementedError(f"class {type(self).__name__} needs a method work(self, message)")

    def start(self):
        """Work. Blocks until HALT or stop(); raise WorkError when work raised, BrokerError when the queue is lost."""
        self.thread = threading.current_thread()
        print(f"{self.name} starting")
        with self.input:
            self.input.start()
        print(f"{self.name} halted.")
        self.failed = False

    def stop(self):
        """Make start() return after the message in hand, from any thread."""
        self.input.stop()

    def halt(self):
        """Take the poison pill."""
        print(f"Halting consumer {self.name}")
        self.stop()

    def _receive(self, channel, method, properties, message):
        with errors.of_work(self.name, self.input.name, message):
            self.halt() if message == HALT else self.work(message)
        self.input.ack(method)


class Worker(Consumer):
    """A stage in the middle: what work() hands to write() goes to the queue `output`, and so does HALT."""

    def __init__(self, name, input, output):
        super().__init__(name, input)
        self.output = MessageQueue(output, connection=self.input.connection)  # of its own, no heartbeat were answered

    def write(self, message):
        """Put text on the output queue. Blocks until the broker has it; only then the input is acknowledged."""
        self.output.publish(message)

    def halt(self):
        """Pass the poison pill on, then take it."""
        print(f"Halting worker {self.name}")
        self.write(HALT)
        self.stop()
