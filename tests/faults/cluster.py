"""Three RabbitMQ nodes that are one cluster: as private processes of this user, or as processes in one container.

All start alone, and then all but the first join it: https://www.rabbitmq.com/docs/clustering#creating
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brokers import container as containers
from brokers import ports, record
from brokers.broker import Broker
from brokers.node import PASSING, Node, _epmd, server

SIZE = 3


HOST = "rabbitmq-tutorial"
"""The host name of the container."""


class Home(Node):
    """The folder in which a cluster's nodes have their cookie, and the epmd that tells them each other's ports."""

    epmd_port = 0

    def run(self) -> None:
        """Start the epmd."""
        (self.folder / ".erlang.cookie").write_text(self.folder.name)
        (self.folder / ".erlang.cookie").chmod(0o400)
        self._write_settings(self.epmd_port, 0)
        self.entry["owner"] = record.of_process(os.getpid())
        self._spawn("epmd", [_epmd(), "-port", str(self.epmd_port), "-address", "127.0.0.1"])


class Member(Node):
    """One node of a cluster."""

    def __init__(self, home: Home, port: int, management_port: int, dist_port: int) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix=PASSING, dir=record.FOLDER)), port, management_port)
        self.home, self.dist_port, self.name = home, dist_port, f"tutorial{port}@localhost"

    def run(self) -> None:
        """Start it."""
        self._write_settings(self.home.epmd_port, self.dist_port)
        self.entry["owner"] = record.of_process(os.getpid())
        self._spawn("broker", [server()])

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"HOME": str(self.home.folder)}


class Box:
    """A container without a broker of its own, for the nodes of a cluster."""

    def __init__(self, published: Sequence[int]) -> None:
        client = containers._engine()
        image = os.environ.get("RABBITMQ_IMAGE") or containers.IMAGE
        self.container = client.containers.run(
            image, entrypoint=["sleep", "infinity"], command=[], detach=True, hostname=HOST, labels=containers._owner(),
            ports={f"{port}/tcp": ("127.0.0.1", port) for port in published},
        )  # fmt: skip

    def shell(self, script: str, environment: dict[str, str], detach: bool = False) -> str:
        """Run a shell script with RabbitMQ's commands on its PATH, and return what it prints."""
        script = f"PATH=/usr/lib/rabbitmq/bin:/opt/rabbitmq/sbin:$PATH\n{script}"
        done = self.container.exec_run(["sh", "-ec", script], environment=environment, detach=detach)
        if done.exit_code:
            raise RuntimeError(done.output.decode())
        return "" if detach else str(done.output.decode())

    def end(self) -> None:
        """Remove the container with all in it."""
        self.container.remove(force=True, v=True)
        self.container.client.close()


class BoxedMember(Broker):
    """One node of a cluster in a container."""

    def __init__(self, box: Box, port: int, management_port: int, dist_port: int) -> None:
        super().__init__(f"node on port {port} of a container", port=port, management_port=management_port)
        self.box, self.dist_port = box, dist_port
        self.name, self.folder = f"tutorial{port}@{HOST}", f"/tmp/tutorial{port}"

    def run(self) -> None:
        """Start it."""
        settings = (
            f"listeners.tcp.1 = {self.port}", f"management.tcp.port = {self.management_port}",
            "loopback_users.guest = false",
        )  # fmt: skip
        written = {"SETTINGS": "".join(f"{line}\n" for line in settings)}
        self.box.shell(
            'mkdir -p "$FOLDER" && printf %s "$SETTINGS" >"$FOLDER/rabbitmq.conf"\n'
            'echo "[rabbitmq_management]." >"$FOLDER/enabled_plugins"; : >"$FOLDER/env.conf"\n'
            "[ -e /tmp/.erlang.cookie ] || (echo tutorial >/tmp/.erlang.cookie; chmod 400 /tmp/.erlang.cookie)",
            self._environment() | written,
        )
        self.box.shell('exec rabbitmq-server >"$FOLDER/log" 2>&1', self._environment(), detach=True)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.box.shell('kill -9 "$(cat "$FOLDER/pid")"', self._environment())

    def end(self) -> None:
        """Leave that to the box."""

    def alive(self) -> bool:
        """Return whether the container runs."""
        self.box.container.reload()
        return bool(self.box.container.status == "running")

    def ctl(self, *words: str) -> str:
        """Run rabbitmqctl on it."""
        given = {f"WORD{number}": word for number, word in enumerate(words)}
        script = " ".join(["rabbitmqctl --quiet", *(f'"${name}"' for name in given)])
        return self.box.shell(script, self._environment() | given)

    def _environment(self) -> dict[str, str]:
        return {
            "FOLDER": self.folder, "HOME": "/tmp", "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/queues",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log.d",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": f"{self.folder}/conf.d/*.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{self.folder}/env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{self.folder}/pid",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the Erlang VM, whose process id is in the file
        }  # fmt: skip


class Cluster:
    """Three nodes that run; `end` removes them."""

    def __init__(self, boxed: bool) -> None:
        epmd_port, *spare = ports.free(1 + 3 * SIZE)  # all at once: a port that nobody has taken yet is given again
        each = zip(spare[:SIZE], spare[SIZE : 2 * SIZE], spare[2 * SIZE :], strict=True)
        self.home: Box | Home = Box(spare[: 2 * SIZE]) if boxed else _home(epmd_port)
        self.members: list[Any] = [(BoxedMember if boxed else Member)(self.home, *its_ports) for its_ports in each]
        try:
            for member in self.members:
                member.run()
            for member in self.members:
                member.wait()
            for member in self.members[1:]:
                for words in (["stop_app"], ["join_cluster", self.members[0].name], ["start_app"]):
                    member.ctl(*words)
        except BaseException:
            self.end()
            raise

    @property
    def hosts(self) -> str:
        """The nodes as RABBITMQ_HOST lists them."""
        return ",".join(f"{member.host}:{member.port}" for member in self.members)

    def end(self) -> None:
        """End all of it."""
        for member in self.members:
            member.end()
        self.home.end()


def _home(epmd_port: int) -> Home:
    server()  # or there is none
    record.FOLDER.mkdir(exist_ok=True)
    found = Home(Path(tempfile.mkdtemp(prefix=PASSING, dir=record.FOLDER)), 0, 0)
    found.epmd_port = epmd_port
    found.run()
    return found
