"""Message queues on RabbitMQ, written without inheritance between the stages' callbacks and without lambdas."""

import threading
import uuid

import errors
import pika
from address import parameters

HALT = 'HALT'


class MessageQueue:
    """A durable queue on a connection of its own, or on a shared one."""

    def __init__(self, name, prefetch=0, connection=None):
        self.name = errors.queue_name(name)
        self.callback = None
        self.explained = errors.Explained(name, parameters())
        self.stopping = threading.Event()
        with self.explained:
            self.connection = pika.BlockingConnection(self.explained.address) if connection is None else connection
            self.connection.owner = threading.current_thread()
            try:
                self.channel = self.open_channel(prefetch)
            except BaseException:
                self.close()
                raise

    def open_channel(self, prefetch):
        channel = self.connection.channel()
        channel.confirm_delivery()
        channel.basic_qos(prefetch_count=prefetch)
        channel.queue_declare(queue=self.name, durable=True)
        channel.add_on_cancel_callback(lambda _: errors.cancelled(channel, self.name))
        return channel

    def publish(self, message):
        with self.explained.to('publish', self.connection.owner):
            self.channel.basic_publish(
                exchange='',
                routing_key=self.name,
                body=errors.text(message, self.name).encode('utf-8', 'surrogateescape'),
                properties=pika.BasicProperties(
                    content_type='text/plain', delivery_mode=2, message_id=uuid.uuid4().hex
                ),
                mandatory=True,
            )

    def register(self, callback):
        self.callback = callback

    def start(self):
        self.connection.owner = threading.current_thread()
        with self.explained:
            if not self.stopping.is_set():
                self.channel.basic_consume(self.name, self.deliver)
                self.channel.start_consuming()
        self.stopping.clear()

    def deliver(self, channel, method, properties, body):
        if self.stopping.is_set():
            channel.basic_reject(method.delivery_tag, requeue=True)
            return
        with self.explained.not_inside():
            self.callback(channel, method, properties, errors.decoded(body, self.name))

    def stop(self):
        self.stopping.set()
        try:
            self.connection.add_callback_threadsafe(self.stop_consuming)
        except pika.exceptions.ConnectionWrongStateError:
            return

    def stop_consuming(self):
        if self.stopping.is_set():
            self.channel.stop_consuming()

    def ack(self, method):
        with self.explained.to('ack', self.connection.owner):
            self.channel.basic_ack(delivery_tag=method.delivery_tag, multiple=False)

    def close(self):
        with self.explained.to('close', self.connection.owner):
            if not self.connection.is_closed:
                self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, raised, error, trace):
        try:
            self.close()
        except errors.BrokerError:
            if raised is None:
                raise


class Consumer:
    """Reads a queue, one message at a time."""

    kind = 'consumer'

    def __init__(self, name, queue):
        self.name = name
        self.thread = None
        self.failed = True
        self.input = MessageQueue(queue, 1)
        self.input.register(self.take)

    def take(self, channel, method, properties, message):
        with errors.of_work(self.name, self.input.name, message):
            if message != HALT:
                self.work(message)
            else:
                self.halt()
        self.input.ack(method)

    def work(self, message):
        raise NotImplementedError(f'class {type(self).__name__} needs a method work(self, message)')

    def start(self):
        self.thread = threading.current_thread()
        print(self.name, 'starting')
        with self.input as queue:
            queue.start()
        self.failed = False
        print(self.name, 'halted.')

    def stop(self):
        self.input.stop()

    def halt(self):
        print('Halting', self.kind, self.name)
        self.before_the_end()
        self.stop()

    def before_the_end(self):
        pass


class Worker(Consumer):
    """Reads a queue and writes another."""

    kind = 'worker'

    def __init__(self, name, input, output):
        super().__init__(name, input)
        self.output = MessageQueue(output, connection=self.input.connection)

    def write(self, message):
        self.output.publish(message)

    def before_the_end(self):
        self.write(HALT)
