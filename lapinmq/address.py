"""Where the broker is: the RABBITMQ_* environment variables as pika's connection parameters, one for each host.

RABBITMQ_URL (amqp://, or amqps:// which verifies) wins over RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USERNAME,
RABBITMQ_PASSWORD and RABBITMQ_VHOST. RABBITMQ_HOST may list the nodes of a cluster: rabbit1,rabbit2:5673,rabbit3.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pika
from pika.connection import Parameters

from lapinmq.errors import BadAddress

HEARTBEAT_SECONDS = 10
"""RabbitMQ advises 5 to 20 (https://www.rabbitmq.com/docs/heartbeats); a dead link is noticed after 15 to 30 s."""

ATTEMPT_SECONDS = 5
"""How long one attempt to connect may take before the next host's turn."""


def addresses(environment: Mapping[str, str] = os.environ) -> list[Parameters]:
    """Return the parameters of each host; raise BadAddress, which never quotes the password."""
    url = environment.get("RABBITMQ_URL")
    found = [_from_url(url)] if url else _from_fields(environment)
    for each in found:
        if each.heartbeat is None:
            each.heartbeat = HEARTBEAT_SECONDS
        if not url:
            each.socket_timeout = each.stack_timeout = ATTEMPT_SECONDS
        each.blocked_connection_timeout = None  # a blocked broker keeps its connection; who waits gives up by itself
        each.client_properties = {"connection_name": f"{Path(sys.argv[0]).name or 'python'} {os.getpid()}"}
    return found


def place(where: Parameters) -> str:
    """Return host:port, with the vhost where it is not the default one. Never with the password."""
    vhost = "" if where.virtual_host == "/" else f" (vhost {where.virtual_host})"
    return f"{where.host}:{where.port}{vhost}"


def _from_url(url: str) -> Parameters:
    if not url.startswith(("amqp://", "amqps://")):
        raise BadAddress(
            "RABBITMQ_URL has to begin with amqp:// or amqps://, as in amqp://USER:PASSWORD@HOST:PORT/VHOST"
        )
    try:
        return pika.URLParameters(url)
    except Exception:  # pika raises ValueError, TypeError or KeyError, and each may quote the password
        raise BadAddress("RABBITMQ_URL is no URL for pika; try amqp://USER:PASSWORD@HOST:PORT/VHOST") from None


def _from_fields(environment: Mapping[str, str]) -> list[Parameters]:
    port = environment.get("RABBITMQ_PORT") or "5672"
    login = pika.PlainCredentials(
        environment.get("RABBITMQ_USERNAME") or "guest", environment.get("RABBITMQ_PASSWORD") or "guest"
    )
    vhost = environment.get("RABBITMQ_VHOST") or "/"
    hosts = [host.strip() for host in (environment.get("RABBITMQ_HOST") or "localhost").split(",") if host.strip()]
    return [pika.ConnectionParameters(*_host_and_port(host, port), vhost, login) for host in hosts or ["localhost"]]


def _host_and_port(text: str, port: str) -> tuple[str, int]:
    if "@" in text or "/" in text:  # and perhaps a password
        raise BadAddress("RABBITMQ_HOST names hosts, as in rabbit1,rabbit2:5673; a URL goes into RABBITMQ_URL")
    host, colon, own = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port: the colons are an IPv6 address's
        host, own = text, port
    if not (own.isascii() and own.isdigit()) or not 0 < int(own) < 65536:
        raise BadAddress(f"{own!r} is no port number, in RABBITMQ_PORT or RABBITMQ_HOST; unset it for the usual 5672")
    return host.strip("[]"), int(own)
