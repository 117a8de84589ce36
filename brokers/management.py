"""RabbitMQ's management API: vhosts to be alone in, queues, connections.

https://www.rabbitmq.com/docs/management#http-api
"""

from typing import Any
from urllib.parse import quote

import requests

from brokers.broker import Broker

SECONDS = 30
"""How long one request may take."""


class Management:
    """The API of one broker; raises requests' exceptions."""

    def __init__(self, broker: Broker) -> None:
        self.root = f"http://{broker.host}:{broker.management_port}/api"
        self.login = (broker.username, broker.password)
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy of the network is not for this machine's addresses

    def version(self) -> tuple[int, int]:
        """Return RabbitMQ's version: 4, 3."""
        major, minor = self._ask("GET", "overview")["rabbitmq_version"].split(".")[:2]
        return int(major), int(minor)

    def create_vhost(self, vhost: str, *users: str, quorum: bool = False) -> None:
        """Make an empty vhost that the login and these users may use; with `quorum`, its queues are quorum queues."""
        settings = {"default_queue_type": "quorum"} if quorum else {}
        self._ask("PUT", f"vhosts/{quote(vhost, safe='')}", json=settings)
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        for user in (self.login[0], *users):
            self._ask("PUT", f"permissions/{quote(vhost, safe='')}/{quote(user, safe='')}", json=everything)

    def delete_vhost(self, vhost: str) -> None:
        """Delete the vhost with all its queues; connections to it are closed by the broker."""
        self._ask("DELETE", f"vhosts/{quote(vhost, safe='')}")

    def create_user(self, name: str, password: str) -> None:
        """Make a user who may log in, and do nothing until a vhost lets it in."""
        self._ask("PUT", f"users/{quote(name, safe='')}", json={"password": password, "tags": ""})

    def delete_user(self, name: str) -> None:
        """Delete the user; its connections are closed by the broker."""
        self._ask("DELETE", f"users/{quote(name, safe='')}")

    def queues(self, vhost: str) -> list[dict[str, Any]]:
        """Return the queues of the vhost; the counts are read now, not taken from the last statistics."""
        path = f"queues/{quote(vhost, safe='')}?disable_stats=true&enable_queue_totals=true"
        return list(self._ask("GET", path))

    def connections(self) -> list[dict[str, Any]]:
        """Return the open connections; a new one appears within the statistics' interval of 5 s."""
        return list(self._ask("GET", "connections"))

    def _ask(self, verb: str, path: str, **options: Any) -> Any:
        answer = self.session.request(verb, f"{self.root}/{path}", auth=self.login, timeout=SECONDS, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None
