"""A running RabbitMQ: its addresses, its login, whether it answers, and how to end it."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import pika
from pika.connection import Parameters

from brokers.unavailable import Unavailable
from errors import Explained

READY_SECONDS = 90
"""How long a broker may take from its start to its first AMQP handshake; 4 to 8 s are usual."""


@dataclass
class Broker(ABC):
    """One RabbitMQ. `origin` says in a few words where it came from."""

    origin: str
    host: str = "127.0.0.1"
    port: int = 5672
    management_port: int = 15672
    username: str = "guest"
    password: str = "guest"
    vhost: str = "/"

    @abstractmethod
    def end(self) -> None:
        """End and remove what was started for this broker. Blocks until it is gone."""

    @abstractmethod
    def kill(self) -> None:
        """End it as a power cut would, without a farewell; what was confirmed is on its disk."""

    @abstractmethod
    def run(self) -> None:
        """Start it again after `kill`, on the same ports, with what is on its disk."""

    @abstractmethod
    def ctl(self, *words: str) -> str:
        """Run rabbitmqctl on it and return what it prints."""

    @abstractmethod
    def alive(self) -> bool:
        """Return whether what runs this broker still runs, whether or not it answers yet."""

    def parameters(self, vhost: str | None = None, seconds: float = 10) -> Parameters:
        """Return how pika connects to it, giving up after `seconds`."""
        login = pika.PlainCredentials(self.username, self.password)
        return pika.ConnectionParameters(
            self.host, self.port, vhost or self.vhost, login, socket_timeout=seconds, stack_timeout=seconds
        )

    def environment(self, vhost: str | None = None) -> dict[str, str]:
        """Return the variables that make a script use this broker."""
        return {
            "RABBITMQ_URL": "",
            "RABBITMQ_HOST": self.host,
            "RABBITMQ_PORT": str(self.port),
            "RABBITMQ_MANAGEMENT_PORT": str(self.management_port),
            "RABBITMQ_USERNAME": self.username,
            "RABBITMQ_PASSWORD": self.password,
            "RABBITMQ_VHOST": vhost or self.vhost,
        }

    def store(self) -> None:
        """Block until the queues that were declared are on disk, for a test that kills the broker.

        Mnesia writes a declaration up to two seconds late; Khepri, the only store from 4.3 on, before it answers.
        """
        running = "lists:keymember(mnesia, 1, application:which_applications())"
        self.ctl("eval", f"{running} andalso mnesia:sync_log().")

    def refusal(self, seconds: float = 2) -> Exception | None:
        """Return None when an AMQP handshake with the login succeeds within `seconds`, else what it raised."""
        try:
            pika.BlockingConnection(self.parameters(seconds=seconds)).close()
        except Explained.kinds as error:
            return error
        return None

    def wait(self, progress: Callable[[int], None] = lambda seconds: None) -> None:
        """Block until it answers, calling `progress` with the seconds so far; raise Unavailable if it does not."""
        begun = time.monotonic()
        while self.refusal():
            seconds = int(time.monotonic() - begun)
            if not self.alive():
                raise Unavailable(f"{self.origin} ended while it started")
            if seconds > READY_SECONDS:
                raise Unavailable(f"{self.origin} did not answer within {READY_SECONDS} s")
            progress(seconds)
            time.sleep(0.2)
