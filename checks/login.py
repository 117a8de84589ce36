"""A broker's login that a student's script does not know: the one of every new RabbitMQ is guest, guest."""

import secrets
from urllib.parse import quote

import requests

from brokers.broker import Broker
from brokers.foreign import Foreign
from brokers.management import SECONDS, Management
from checks.mistake import NotJudged

GUEST = "guest"


def close(broker: Broker) -> None:
    """Change the login of a broker that was started for this run, and delete guest. Raise NotJudged."""
    try:
        management = Management(broker)
        management.connections()
        if not isinstance(broker, Foreign) and broker.username == GUEST:
            name, password = "grader", secrets.token_hex(16)
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            _put(management, f"users/{name}", {"password": password, "tags": "administrator"})
            _put(management, f"permissions/{quote(broker.vhost, safe='')}/{name}", everything)
            broker.username, broker.password = name, password
            Management(broker).delete_user(GUEST)
    except requests.RequestException as error:
        raise NotJudged(
            f"the broker's management API at {broker.host}:{broker.management_port} does not answer, or refuses the "
            f"login of {broker.username} ({type(error).__name__}); correct RABBITMQ_MANAGEMENT_PORT and the login"
        ) from error


def _put(management: Management, path: str, told: dict[str, str]) -> None:
    url, login = f"{management.root}/{path}", management.login
    management.session.put(url, auth=login, json=told, timeout=SECONDS).raise_for_status()


def is_open(broker: Broker) -> bool:
    """Return whether the broker's login is the one that everybody knows."""
    return broker.username == broker.password == GUEST
