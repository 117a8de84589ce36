"""A RabbitMQ in a container, through the Docker SDK; its ports are published on 127.0.0.1 only."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from brokers import record
from brokers.broker import Broker
from brokers.unavailable import Unavailable

IMAGE = "rabbitmq:4-management"
"""The official image with the management console; RABBITMQ_IMAGE names another."""

LABEL = "rabbit-tutorial.owner"
"""Holds the process that started a container without a name, and has to remove it."""

STOP_SECONDS = 30
"""How long RabbitMQ may take for its farewell: 3.10 takes 7 s, and a killed one has to recover at its next start."""

ENGINE_SECONDS = 300
"""How long one request to the engine may take; pulling the image is the longest."""


class Container(Broker):
    """A RabbitMQ in a container, told by its id; removed at its end unless it has a name to be found by again."""

    def __init__(self, container: Any, image: str, name: str | None) -> None:
        container.reload()
        try:
            amqp, management = (int(container.ports[f"{port}/tcp"][0]["HostPort"]) for port in (5672, 15672))
        except (KeyError, TypeError, IndexError):
            why = f"docker logs {name or container.short_id}"
            raise Unavailable(f"the container of {image} ended at once, or is no RabbitMQ: {why}", True) from None
        super().__init__(f"container {name or container.short_id} ({image})", port=amqp, management_port=management)
        self.container = container
        self.passing = name is None

    @classmethod
    def begin(cls, port: int = 0, management_port: int = 0, name: str | None = None) -> "Container":
        """Start a container on the given or on free ports; with a name, the one that has it. Raise Unavailable."""
        image = os.environ.get("RABBITMQ_IMAGE") or IMAGE
        ports: Any = {"5672/tcp": ("127.0.0.1", port or None), "15672/tcp": ("127.0.0.1", management_port or None)}
        with _unavailable("no Docker engine answers", worth_telling=False):
            client = _engine()
            client.ping()
            _sweep(client)
        with _unavailable(f"the Docker engine cannot run a container of {image}"):
            container = _named(client, name, ports) if name else None
            if container is None:
                _fetch(client, image)
                container = client.containers.create(
                    image, name=name, hostname="rabbitmq-tutorial", ports=ports, labels={} if name else _owner()
                )
            return cls._started(container, container.attrs["Config"]["Image"], name)

    @classmethod
    def again(cls, container_id: str) -> "Container | None":
        """Return the named container with this id, None where it is gone or stopped; raise Unavailable."""
        with _unavailable("no Docker engine answers"):
            client = _engine()
            client.ping()
            with suppress(NotFound):
                container = client.containers.get(container_id)
                if container.status == "running":
                    return cls(container, container.attrs["Config"]["Image"], container.name)
        return None

    @classmethod
    def _started(cls, container: Any, image: str, name: str | None) -> "Container":
        try:
            container.start()
            return cls(container, image, name)
        except BaseException:
            if name is None:
                container.remove(force=True, v=True)
            raise

    def end(self) -> None:
        with suppress(NotFound):
            if self.passing:
                self.container.remove(force=True, v=True)
            else:
                self.container.stop(timeout=STOP_SECONDS)
        self.container.client.close()

    def kill(self) -> None:
        with suppress(DockerException):  # it has ended already
            self.container.kill()

    def alive(self) -> bool:
        with suppress(DockerException):
            self.container.reload()
            return bool(self.container.status == "running")
        return False

    def run(self) -> None:
        self.container.start()

    def ctl(self, *words: str) -> str:
        done = self.container.exec_run(["rabbitmqctl", "--quiet", *words])
        if done.exit_code:
            raise RuntimeError(done.output.decode())
        return str(done.output.decode())


def _engine() -> docker.DockerClient:
    """Return the engine of DOCKER_HOST, else of the current context, which Docker Desktop and colima set."""
    context = None if os.environ.get("DOCKER_HOST") else ContextAPI.get_current_context()
    if context is None or context.Name == "default":
        return docker.from_env(timeout=ENGINE_SECONDS)
    return docker.DockerClient(base_url=context.Host, tls=context.TLSConfig or False, timeout=ENGINE_SECONDS)


def _named(client: docker.DockerClient, name: str, ports: dict[str, tuple[str, int | None]]) -> Any:
    """Return the container of this name, None where there is none; raise Unavailable where it has other ports."""
    try:
        found = client.containers.get(name)
    except NotFound:
        return None
    bound = found.attrs["HostConfig"]["PortBindings"] or {}
    if any(bound.get(inside, [{}])[0].get("HostPort") != str(outside) for inside, (_, outside) in ports.items()):
        advice = f"remove it with its messages: docker rm -v {name}; or name another: RABBITMQ_CONTAINER"
        raise Unavailable(f"the container {name} was made for other ports; {advice}", worth_telling=True)
    return found


def _owner() -> dict[str, str]:
    """Return the labels that tell whose container it is: this process of this machine."""
    return {f"{LABEL}.machine": platform.node(), LABEL: json.dumps(record.of_process(os.getpid()))}


def sweep() -> None:
    """Remove the containers whose starter was killed before it could."""
    with suppress(DockerException, requests.exceptions.RequestException), closing(_engine()) as client:
        _sweep(client)


def _sweep(client: docker.DockerClient) -> None:
    """Remove the containers of this machine's processes that were killed before they could."""
    filters: dict[str, Any] = {"label": f"{LABEL}.machine={platform.node()}"}
    for container in client.containers.list(all=True, ignore_removed=True, filters=filters):
        if record.process(json.loads(container.labels[LABEL])) is None:
            with suppress(APIError):  # another process removes it
                container.remove(force=True, v=True)


def _fetch(client: docker.DockerClient, image: str) -> None:
    """Get the image from the registry unless the engine has it."""
    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)


@contextmanager
def _unavailable(what: str, worth_telling: bool = True) -> Iterator[None]:
    try:
        yield
    except (DockerException, requests.exceptions.RequestException) as error:
        raise Unavailable(f"{what}: {str(error).splitlines()[0][:200]}", worth_telling) from error
