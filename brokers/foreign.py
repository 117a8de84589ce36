"""A RabbitMQ that somebody else runs, named by the RABBITMQ_* environment variables; it is used, never ended."""

import os
from urllib.parse import quote, urlsplit

from pika import PlainCredentials
from pika.connection import Parameters

import address
from brokers.broker import Broker
from endings import BrokerError


class Foreign(Broker):
    """The broker that the environment names."""

    def __init__(self) -> None:
        found = address.parameters()
        login = found.credentials
        if not isinstance(login, PlainCredentials):
            raise BrokerError("RABBITMQ_URL asks for a login without a password, which is not supported here")
        super().__init__(
            f"{found.host}:{found.port}, from the environment", found.host, found.port, address.management_port(),
            login.username or "guest", login.password or "guest", found.virtual_host,
        )  # fmt: skip

    def parameters(self, vhost: str | None = None, seconds: float = 10) -> Parameters:
        found = address.parameters()  # with the TLS and the options of a URL
        found.virtual_host = vhost or self.vhost
        found.socket_timeout = found.stack_timeout = seconds
        return found

    def environment(self, vhost: str | None = None) -> dict[str, str]:
        url = os.environ.get("RABBITMQ_URL", "")
        if url and vhost:
            url = urlsplit(url)._replace(path="/" + quote(vhost, safe="")).geturl()
        return {**super().environment(vhost), "RABBITMQ_URL": url}

    def end(self) -> None:
        """Leave it running: it is not ours."""

    def kill(self) -> None:
        """Leave it running: it is not ours."""

    def run(self) -> None:
        """Leave it as it is: it is not ours."""

    def ctl(self, *words: str) -> str:
        raise NotImplementedError(f"rabbitmqctl {words[0]} is for who runs {self.origin}")

    def alive(self) -> bool:
        return True
