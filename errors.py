"""What a learner reads when something goes wrong: one line with queue, host, cause and what to type next."""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from endings import BrokerError, NotText, WorkError

# isort: split
from pika import exceptions as amqp
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.connection import Parameters


class QueueDeleted(Exception):
    """The broker cancelled the consumer, and its queue does not exist any more."""


class ConsumerCancelled(Exception):
    """The broker cancelled the consumer, and its queue exists."""


START = "start one with: python broker.py start"
SEE_HOLDER = "see what holds the port: python broker.py status"
LOST = "unacknowledged messages are back on the queue; is the broker up? python broker.py start, then run this again"

# Of these the first that fits is told: the exception's class, words of its text, and what that means.
MEANINGS: list[tuple[type[BaseException], str, str]] = [
    (ConnectionRefusedError, "", f"no broker answers there (connection refused); {START}"),
    (socket.gaierror, "", f"the host name {{host}} is unknown; correct RABBITMQ_HOST, or unset it and {START}"),
    (TimeoutError, "", f"nothing answers there (timed out); correct RABBITMQ_HOST and RABBITMQ_PORT, or {START}"),
    (AMQPConnectorException, "", f"what listens there does not speak AMQP (no answer to the handshake); {SEE_HOLDER}"),
    (ssl.SSLError, "WRONG_VERSION", "what listens there does not speak TLS; use amqp:// in RABBITMQ_URL, not amqps://"),
    (ssl.SSLError, "", "the TLS connection failed ({text}); check the certificate and the host name in RABBITMQ_URL"),
    (amqp.IncompatibleProtocolError, "", f"what listens there is not RabbitMQ (no AMQP answer); {SEE_HOLDER}"),
    (amqp.ProbableAuthenticationError, "", "the broker refused the login of user {user}: wrong password{guest}; "
        "correct or unset RABBITMQ_USERNAME and RABBITMQ_PASSWORD (python broker.py start shows its broker's login)"),
    (amqp.ProbableAccessDeniedError, "not found", "there is no vhost {vhost} there; correct RABBITMQ_VHOST, "
        "or create it: rabbitmqctl add_vhost {vhost}"),
    (amqp.ProbableAccessDeniedError, "", "user {user} may not use vhost {vhost}; correct RABBITMQ_VHOST, "
        "or allow it: rabbitmqctl set_permissions -p {vhost} {user} '.*' '.*' '.*'"),
    (amqp.ChannelClosedByBroker, "inequivalent arg", "a queue of this name exists, declared with other arguments "
        "({text}); take another name, or delete it with all its messages: python broker.py reset {queue}"),
    (amqp.ChannelClosedByBroker, "unknown delivery tag", "a message was acknowledged twice, or not on the connection "
        "that delivered it, and the broker closed the channel; call ack(method) once a message"),
    (amqp.ChannelClosedByBroker, "timed out", "a message was not acknowledged within the broker's time limit "
        "({text}); it is back on the queue; acknowledge sooner, then run this again"),
    (amqp.ChannelClosedByBroker, "", "the broker refused: {text}"),
    (amqp.UnroutableError, "", "the message was not stored, since the queue is gone (deleted after it was opened); "
        "run this again to declare it anew"),
    (amqp.NackError, "", "the broker did not store the message (negative acknowledgement); publish it again"),
    (amqp.ConnectionBlockedTimeout, "", "the broker takes no messages (memory or disk alarm); the last one is not "
        "confirmed; see rabbitmqctl alarms, and publish it again when they are over"),
    (amqp.ConnectionClosedByBroker, "CONNECTION_FORCED", f"the broker was stopped, or closed this connection; {LOST}"),
    (amqp.AMQPHeartbeatTimeout, "", f"the connection was lost (no heartbeat answered); {LOST}"),
    (amqp.ConnectionWrongStateError, "", "it is closed; open the MessageQueue again"),
    (amqp.ChannelWrongStateError, "", "it is closed; open the MessageQueue again"),
    (amqp.AMQPConnectionError, "", f"the connection was lost ({{text}}), by the broker's end, or by work that kept it "
        f"silent for three heartbeats; {LOST}"),
    (ConnectionError, "", f"the connection was lost ({{text}}); {LOST}"),
    (amqp.ShortStringTooLong, "", "a queue's name has at most 255 bytes; take a shorter one"),
    (QueueDeleted, "", "the queue was deleted while this consumed from it, with all its messages; "
        "run this again to declare it anew"),
    (ConsumerCancelled, "", "the broker cancelled this consumer, though its queue exists, as it does when a message "
        "was not acknowledged within its time limit; what was not acknowledged is back on the queue; "
        "acknowledge sooner, then run this again"),
    (UnicodeEncodeError, "", "the message holds half a character (a lone surrogate), which UTF-8 cannot write"),
]  # fmt: skip


def cause(error: BaseException, queue: str, where: Parameters) -> str:
    """Return what `error` means and what to do about it."""
    root = _root(error)
    text = str(getattr(root, "reply_text", "") or root)
    told = next((m for kind, words, m in MEANINGS if isinstance(root, kind) and words in text), "{text}")
    user = getattr(where.credentials, "username", "?")
    guest = ", or guest from another machine (RabbitMQ lets guest in from its own machine only)"
    return told.format(
        text=text, queue=queue, host=where.host, vhost=where.virtual_host, user=user, guest=guest * (user == "guest")
    )


def _root(error: BaseException) -> BaseException:
    """Return the innermost exception: pika wraps a refused connection twice, with no text outside."""
    inner = getattr(error, "exception", None) or next((a for a in error.args if isinstance(a, Exception)), None)
    return _root(inner) if isinstance(inner, BaseException) else error


class Explained:
    """A context for one queue: what pika and the socket raise inside comes out as a BrokerError."""

    kinds = (amqp.AMQPError, AMQPConnectorException, OSError, UnicodeEncodeError, QueueDeleted, ConsumerCancelled)

    def __init__(self, queue: str, address: Parameters) -> None:
        self.queue, self.address = queue, address
        self._foreign: Exception | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, self.kinds) and error is not self._foreign:
            raise BrokerError(f"{self}: {cause(error, self.queue, self.address)}") from error

    def __str__(self) -> str:
        return f"queue {self.queue} at {place(self.address)}"

    def to(self, doing: str, owner: threading.Thread) -> "Explained":
        """Return this context in the thread that owns the connection, and in any once that has ended; else raise."""
        here = threading.current_thread()
        if owner is not here and owner.is_alive():
            raise BrokerError(
                f"{self}: {doing}() was called in the thread {here.name}, but this MessageQueue is in use in the "
                f"thread {owner.name}, and a connection is for one thread; open a MessageQueue in each"
            )
        return self

    @contextmanager
    def not_inside(self) -> Iterator[None]:
        """Let what a callback raises pass as it is, even where it looks like an error of the connection."""
        try:
            yield
        except Exception as error:
            self._foreign = error
            raise


def place(address: Parameters) -> str:
    """Return the address as host:port, with the vhost where it is not the default one. Never with the password."""
    vhost = "" if address.virtual_host == "/" else f" (vhost {address.virtual_host})"
    return f"{address.host}:{address.port}{vhost}"


def cancelled(channel: BlockingChannel, queue: str) -> None:
    """Raise why the broker cancelled the consumer of this queue: QueueDeleted, ConsumerCancelled, or what it refuses.

    Its basic.cancel carries no reason, so this asks whether the queue exists.
    """
    try:
        channel.queue_declare(queue, passive=True)
    except amqp.ChannelClosedByBroker as error:
        if "no queue" in error.reply_text:
            raise QueueDeleted from error
        raise
    raise ConsumerCancelled


def queue_name(name: object) -> str:
    """Return `name`; raise BrokerError where it cannot name a queue."""
    if isinstance(name, str) and name:
        return name
    raise BrokerError(f"a queue's name is text, not {name!r}; try MessageQueue('my_queue')")


def text(message: object, queue: str) -> str:
    """Return `message`; raise NotText where it is not text."""
    if isinstance(message, str):
        return message
    kind = type(message).__name__
    advice = "decode it first: message.decode()" if isinstance(message, bytes) else "turn it into text: str(message)"
    raise NotText(f"queue {queue}: publish() takes text (str), not {kind}; {advice}")


def decoded(body: bytes, queue: str) -> str:
    """Return the body as text; bytes that are not UTF-8 come as \\xNN and are said on standard error."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        print(f"queue {queue}: a message of {len(body)} bytes is not UTF-8 (byte {error.start}); "
              r"such bytes are shown as \xNN", file=sys.stderr)  # fmt: skip
        return body.decode(errors="backslashreplace")


@contextmanager
def of_work(consumer: str, queue: str, message: str) -> Iterator[None]:
    """Turn what a consumer's work raises into a WorkError that names the consumer."""
    try:
        yield
    except Exception as error:
        raise WorkError(
            f"{consumer}: the work on {message[:60]!r} raised {type(error).__name__}: {error}; "
            f"the message went back to queue {queue}; mend work(), then run this again"
        ) from error
