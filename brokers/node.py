"""A private RabbitMQ node: the installed rabbitmq-server, run on ports and in a folder of its own, without root.

Everything it writes is below its folder, everything it listens on is on 127.0.0.1, and its record names the two
processes it starts: the Erlang VM that is the broker, and the epmd that Erlang looks names up with.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from brokers import ports, record
from brokers.broker import Broker
from brokers.unavailable import Unavailable

SERVER_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin", "/opt/rabbitmq/sbin")
"""Where packages put the server's own script; Debian's wrapper on the PATH insists on root or the user rabbitmq."""


PASSING = "node-"
"""What the folder of a node begins with that is removed when the node ends."""

RECORD = "record.json"


class Node(Broker):
    """A RabbitMQ run by this user as two processes of their own session, so that Ctrl+C in a terminal spares them."""

    settings: tuple[str, ...] = ()
    """Further lines for rabbitmq.conf."""

    def __init__(self, folder: Path, port: int, management_port: int) -> None:
        super().__init__(f"private rabbitmq-server node on port {port}", port=port, management_port=management_port)
        self.folder = folder.resolve()
        self.entry: dict[str, dict[str, float]] = record.read(self.folder / RECORD)
        self._children: list[subprocess.Popen[bytes]] = []

    @classmethod
    def begin(cls, port: int = 0, management_port: int = 0, folder: Path | None = None) -> "Node":
        """Start a node on the given or on free ports; without a folder, in one of its own that `end` removes."""
        server()
        spare = ports.free(2)
        record.FOLDER.mkdir(exist_ok=True)
        for wanted in (port, management_port):
            if wanted and ports.taken(wanted):
                raise Unavailable(f"port {wanted} is in use by {ports.holder(wanted)}", worth_telling=True)
        home = folder or Path(tempfile.mkdtemp(prefix=PASSING, dir=record.FOLDER))
        node = cls(home, port or spare[0], management_port or spare[1])
        node.run()
        return node

    def run(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        record.end(self.entry.get("epmd", {}))  # of a broker that ended by itself
        epmd_port, dist_port = ports.free(2)
        self._write_settings(epmd_port, dist_port)
        try:
            self.entry["owner"] = record.of_process(os.getpid())
            self._spawn("epmd", [_epmd(), "-port", str(epmd_port), "-address", "127.0.0.1"])
            self._spawn("broker", [server()])
        except BaseException:
            self.end()
            raise

    def kill(self) -> None:
        record.kill(self.entry.get("broker", {}))
        record.end(self.entry.get("epmd", {}))

    def end(self) -> None:
        if self.folder.name.startswith(PASSING):
            self.kill()  # its data go too, so that a slow farewell (6 s) would be for nothing
        for name in ("broker", "epmd"):
            record.end(self.entry.get(name, {}))
        for child in self._children:
            child.wait()
        (self.folder / RECORD).unlink(missing_ok=True)
        if self.folder.name.startswith(PASSING):
            shutil.rmtree(self.folder, ignore_errors=True)

    def alive(self) -> bool:
        return record.process(self.entry.get("broker", {})) is not None

    def ctl(self, *words: str) -> str:
        command = [str(Path(server()).with_name("rabbitmqctl")), "--quiet", *words]
        return subprocess.run(command, env=self._environment(), check=True, capture_output=True, text=True).stdout

    def _spawn(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment(), cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        self.entry[name] = record.of_process(child.pid)
        record.write(self.folder / RECORD, self.entry)

    def _write_settings(self, epmd_port: int, dist_port: int) -> None:
        self.entry["erlang"] = {"epmd": epmd_port, "dist": dist_port}
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "advanced.config").write_text("[].\n")
        (self.folder / "rabbitmq-env.conf").write_text("")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management_port}\n" + "".join(line + "\n" for line in self.settings)
        )

    def _environment(self) -> dict[str, str]:
        """Return the node's environment: nothing of the user's RABBITMQ_* may reach it."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        erlang = self.entry["erlang"]
        return inherited | {
            "ERL_EPMD_PORT": str(erlang["epmd"]),
            "RABBITMQ_DIST_PORT": str(erlang["dist"]),
            "HOME": str(self.folder),  # where Erlang keeps its cookie
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_AFLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": f"tutorial{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "queues"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "conf.d" / "*.conf"),  # these three: not the machine's own
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the Erlang VM, so that its process id is the broker's
        }  # fmt: skip


def server() -> str:
    """Return the path of the installed server's script; raise Unavailable where there is none."""
    folders = os.pathsep.join(SERVER_FOLDERS)
    found = shutil.which("rabbitmq-server", path=folders) or shutil.which("rabbitmq-server")
    if found is None or os.name == "nt":
        raise Unavailable("no rabbitmq-server is installed that a private node could run")
    return found


def _epmd() -> str:
    found = shutil.which("epmd")
    if found is None:
        raise Unavailable("rabbitmq-server is installed, but Erlang's epmd is not on the PATH", worth_telling=True)
    return found


def sweep() -> None:
    """End and remove the nodes whose starter was killed before it could: they are told by their records."""
    for path in record.FOLDER.glob(f"{PASSING}*/{RECORD}"):
        node = Node(path.parent, 0, 0)
        if record.process(node.entry.get("owner", {})) is None:
            node.end()
