"""Where the broker is: the RABBITMQ_* environment variables as pika's connection parameters.

RABBITMQ_URL (amqp:// or amqps://) wins over RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USERNAME, RABBITMQ_PASSWORD and
RABBITMQ_VHOST. With none of them set it is guest at localhost:5672, as RabbitMQ itself starts.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from endings import BrokerError  # before pika: from here on Ctrl+C gives no traceback

# isort: split
import pika
from pika.connection import Parameters

BLOCKED_SECONDS = 30
"""How long a publish waits for a broker that blocks publishers (memory or disk alarm) before it says so."""


HANDSHAKE_SECONDS = 8
"""How long what listens there may take to answer as a RabbitMQ does; a URL may set it: ?stack_timeout=8"""


def parameters(environment: Mapping[str, str] = os.environ) -> Parameters:
    """Return the parameters of the broker that `environment` names; raise BrokerError where it names none."""
    url = environment.get("RABBITMQ_URL")
    found = _from_url(url) if url else _from_fields(environment)
    if found.blocked_connection_timeout is None:
        found.blocked_connection_timeout = BLOCKED_SECONDS
    if not url:
        found.stack_timeout = HANDSHAKE_SECONDS
    found.client_properties = {"connection_name": Path(sys.argv[0]).name}  # what the management console lists
    return found


def elsewhere(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the environment names a broker, so that none is started here."""
    return bool(environment.get("RABBITMQ_URL") or environment.get("RABBITMQ_HOST"))


def management_port(environment: Mapping[str, str] = os.environ) -> int:
    """Return the port of the broker's management API and console."""
    return _port(environment, "RABBITMQ_MANAGEMENT_PORT", 15672)


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    told = environment.get(name) or str(default)
    if not (told.isascii() and told.isdigit()) or not 0 < int(told) < 65536:
        raise BrokerError(f"{name} is {told!r}, which is no port number; unset it for the usual {default}")
    return int(told)


def _from_url(url: str) -> Parameters:
    if not url.startswith(("amqp://", "amqps://")):
        raise BrokerError(
            "RABBITMQ_URL has to begin with amqp:// or amqps://, as in amqp://USER:PASSWORD@HOST:PORT/VHOST"
        )
    try:
        return pika.URLParameters(url)
    except Exception:  # pika raises ValueError, TypeError or KeyError, and each may quote the password
        raise BrokerError("RABBITMQ_URL is no URL for pika; try amqp://USER:PASSWORD@HOST:PORT/VHOST") from None


def _from_fields(environment: Mapping[str, str]) -> Parameters:
    return pika.ConnectionParameters(
        host=environment.get("RABBITMQ_HOST") or "localhost",
        port=_port(environment, "RABBITMQ_PORT", 5672),
        virtual_host=environment.get("RABBITMQ_VHOST") or "/",
        credentials=pika.PlainCredentials(
            environment.get("RABBITMQ_USERNAME") or "guest", environment.get("RABBITMQ_PASSWORD") or "guest"
        ),
    )
