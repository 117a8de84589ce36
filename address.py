"""Where the broker is: the RABBITMQ_* environment variables as pika's connection parameters.

RABBITMQ_URL (amqp:// or amqps://) wins over RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USERNAME, RABBITMQ_PASSWORD and
RABBITMQ_VHOST. With none of them set it is guest at localhost:5672, as RabbitMQ itself starts.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pika

from errors import BrokerError

BLOCKED_SECONDS = 30
"""How long a publish waits for a broker that blocks publishers (memory or disk alarm) before it says so."""

NAMES = ("RABBITMQ_URL", "RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_USERNAME", "RABBITMQ_PASSWORD", "RABBITMQ_VHOST")


def parameters(environment: Mapping[str, str] = os.environ) -> pika.ConnectionParameters:
    """Return the parameters of the broker that `environment` names; raise BrokerError where it names none."""
    if environment.get("RABBITMQ_URL"):
        found = _from_url(environment["RABBITMQ_URL"])
    else:
        found = _from_fields(environment)
    if found.blocked_connection_timeout is None:
        found.blocked_connection_timeout = BLOCKED_SECONDS
    found.client_properties = {"connection_name": Path(sys.argv[0]).name}  # what the management console lists
    return found


def _from_url(url: str) -> pika.ConnectionParameters:
    if not url.startswith(("amqp://", "amqps://")):
        raise BrokerError("RABBITMQ_URL has to start with amqp:// or amqps://, as in amqp://guest:guest@localhost:5672/%2F")
    try:
        return pika.URLParameters(url)
    except Exception:  # pika raises ValueError, TypeError or KeyError, and each may quote the password
        raise BrokerError("RABBITMQ_URL is not a URL that pika can read; try amqp://USER:PASSWORD@HOST:PORT/VHOST") from None


def _from_fields(environment: Mapping[str, str]) -> pika.ConnectionParameters:
    port = environment.get("RABBITMQ_PORT") or "5672"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise BrokerError(f"RABBITMQ_PORT is {port!r}, not a port number; the usual one is 5672")
    return pika.ConnectionParameters(
        host=environment.get("RABBITMQ_HOST") or "localhost",
        port=int(port),
        virtual_host=environment.get("RABBITMQ_VHOST") or "/",
        credentials=pika.PlainCredentials(
            environment.get("RABBITMQ_USERNAME") or "guest", environment.get("RABBITMQ_PASSWORD") or "guest"
        ),
    )
