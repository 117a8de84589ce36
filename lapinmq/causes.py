"""What pika's and the socket's errors mean, in words for a log line."""

import socket
import ssl

from pika import exceptions as amqp
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.connection import Parameters

from lapinmq.address import place
from lapinmq.errors import AuthenticationFailed, ConnectionLost, LapinError

# The first that fits is told: the exception's class, words of its text, and what that means.
MEANINGS: list[tuple[type[BaseException], str, str]] = [
    (ConnectionRefusedError, "", "no broker answers there (connection refused); start it, or correct RABBITMQ_HOST"),
    (socket.gaierror, "", "the host name is unknown; correct RABBITMQ_HOST"),
    (TimeoutError, "", "nothing answers there (timed out); correct RABBITMQ_HOST and RABBITMQ_PORT"),
    (ssl.SSLError, "WRONG_VERSION", "what listens there does not speak TLS; use amqp:// in RABBITMQ_URL, not amqps://"),
    (ssl.SSLError, "", "the TLS connection failed ({text}); check the certificate and the host name in RABBITMQ_URL"),
    (amqp.IncompatibleProtocolError, "", "what listens there is not RabbitMQ; correct RABBITMQ_PORT"),
    (amqp.ProbableAuthenticationError, "(403)", "the login of user {user} was refused; correct RABBITMQ_USERNAME and "
        "RABBITMQ_PASSWORD (guest may log in from the broker's own machine only)"),
    (amqp.ProbableAccessDeniedError, "not found", "there is no such vhost; correct RABBITMQ_VHOST, or create it: "
        "rabbitmqctl add_vhost {vhost}"),
    (amqp.ProbableAccessDeniedError, "(530)", "user {user} may not use the vhost; correct RABBITMQ_VHOST, or allow it: "
        "rabbitmqctl set_permissions -p {vhost} {user} '.*' '.*' '.*'"),
    (amqp.ProbableAuthenticationError, "", "the connection was lost during the login ({text})"),
    (amqp.ProbableAccessDeniedError, "", "the connection was lost during the login ({text})"),
    (amqp.AMQPHeartbeatTimeout, "", "the connection is dead (no heartbeat came)"),
    (amqp.ConnectionClosedByBroker, "", "the broker closed the connection ({text})"),
    (amqp.StreamLostError, "", "the connection was lost ({text})"),
    (AMQPConnectorException, "", "no AMQP answer there (RabbitMQ starts or stops, or the port is another program's)"),
]  # fmt: skip

HOPELESS = (amqp.ProbableAuthenticationError, amqp.ProbableAccessDeniedError, ssl.SSLCertVerificationError)
"""Trying again changes nothing before somebody changes something. pika raises the first two also where the connection
was lost during the login, which says nothing."""

REFUSED = ("(403)", "(530)")
"""The broker's codes for a login and for a vhost that it refuses."""


def explained(error: BaseException, where: Parameters) -> LapinError:
    """Return `error`, met while talking with `where`, as AuthenticationFailed or ConnectionLost."""
    root = _root(error)
    text = str(getattr(root, "reply_text", "") or root)
    told = next((m for kind, words, m in MEANINGS if isinstance(root, kind) and words in text), "{text}")
    user = getattr(where.credentials, "username", "?")
    line = f"{place(where)}: " + told.format(text=text or type(root).__name__, user=user, vhost=where.virtual_host)
    said = isinstance(root, ssl.SSLError) or any(code in text for code in REFUSED)
    refused = isinstance(root, HOPELESS) and said
    return (AuthenticationFailed if refused else ConnectionLost)(line, cause=root)


def _root(error: BaseException) -> BaseException:
    """Return the innermost exception: pika wraps a refused connection three times, with no text outside."""
    wrapped = [getattr(error, "exception", None), *getattr(error, "exceptions", ())[-1:], *error.args]
    inner = next((each for each in wrapped if isinstance(each, Exception)), None)
    return _root(inner) if inner is not None else error
