"""`python broker.py`: where a broker comes from, what is said about it, and that stop ends just what start started."""

import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from subprocess import PIPE, CompletedProcess, run

import docker
import docker.errors
import pika
import psutil
import pytest
from conftest import ROOT
from waiting import until

from brokers import finding, ports, queues, record
from brokers.broker import Broker
from brokers.container import LABEL, Container
from brokers.finding import NONE_FOUND
from brokers.node import Node, server, sweep
from brokers.unavailable import Unavailable
from chapters.reading import fences
from chapters.terminal import Terminal

SET = "set" if os.name == "nt" else "export"
NAME = f"rabbitmq-tutorial-test-{os.getpid()}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what broker.py needs, so that the record of the learner's own broker is not touched."""
    folder = tmp_path / "a copy, mit Umlaut ü"
    shutil.copytree(ROOT / "brokers", folder / "brokers", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("broker.py", "address.py", "endings.py", "errors.py"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def own_ports(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Free ports, as the environment names them, and no other broker in it."""
    port, management_port = ports.free(2)
    for name in ("RABBITMQ_HOST", "RABBITMQ_URL", "RABBITMQ_VHOST", "RABBITMQ_USERNAME", "RABBITMQ_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RABBITMQ_PORT", str(port))
    monkeypatch.setenv("RABBITMQ_MANAGEMENT_PORT", str(management_port))
    monkeypatch.setenv("RABBITMQ_CONTAINER", NAME)
    return port, management_port


@pytest.fixture
def command(copy: Path, own_ports: tuple[int, int]) -> Iterator[Callable[..., CompletedProcess[str]]]:
    """Run `python broker.py ...` in the copy; what it started is ended after the test."""

    def call(*words: str, **options: str) -> CompletedProcess[str]:
        whole = [sys.executable, "broker.py", *words]
        return run(whole, cwd=copy, capture_output=True, timeout=100, check=False, encoding="utf-8", **options)

    yield call
    for process in processes_in(copy):
        with suppress(psutil.NoSuchProcess):  # a child of one that was just killed
            process.kill()
    until(lambda: processes_in(copy), [])
    remove_containers()


def remove_containers() -> None:
    """Remove the containers that a test's broker.py made: their names begin with this process's own."""
    with suppress(docker.errors.DockerException), closing(docker.from_env()) as client:
        for container in client.containers.list(all=True, ignore_removed=True, filters={"name": f"{NAME}-"}):
            container.remove(force=True, v=True)


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return the processes whose working folder is inside `folder`: a node's are."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()).is_relative_to(folder.resolve())
        except (psutil.Error, FileNotFoundError):
            continue
        if inside and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def told_by_readme() -> list[str]:
    return next(fence.lines for fence in fences() if fence.lines and fence.lines[0].startswith("Broker: container"))


@pytest.mark.usefixtures("broker")
def test_start_prints_what_the_readme_says_and_a_second_start_finds_it(
    command: Callable[..., CompletedProcess[str]], own_ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = command("start"), command("start")
    port, management_port = map(str, own_ports)
    expected = [line.replace("15672", management_port).replace("5672", port) for line in told_by_readme()]
    shown = first.stdout.splitlines()
    assert shown[-3:] == expected[1:], first.stderr
    assert shown[-4].startswith(("Broker: container ", "Broker: private rabbitmq-server node"))
    assert second.stdout.splitlines() == [shown[-4] + ", running already", *shown[-3:]]
    monkeypatch.setenv("RABBITMQ_PORT", str(own_ports[0] + 1))
    elsewhere = command("start")
    assert elsewhere.returncode == 2
    assert elsewhere.stderr.startswith(f"a broker started here runs already, on port {own_ports[0]} and not on ")


@pytest.mark.slow
@pytest.mark.usefixtures("broker")
def test_stop_ends_what_start_started_and_keeps_its_messages(
    command: Callable[..., CompletedProcess[str]], own_ports: tuple[int, int], copy: Path
) -> None:
    command("start")
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", own_ports[0])) as connection:
        channel = connection.channel()
        channel.queue_declare("my_queue", durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", "my_queue", b"kept", pika.BasicProperties(delivery_mode=2))
    assert command("stop").stdout.startswith("Stopped: ")
    assert not ports.taken(own_ports[0])
    assert processes_in(copy) == []
    assert command("stop").stdout == "Nothing to stop: no broker that python broker.py start started is running.\n"
    command("start")
    assert command("status").stdout.splitlines()[1].split() == ["my_queue", "1", "0", "0"]


@pytest.mark.usefixtures("broker")
def test_start_names_what_holds_the_port(
    command: Callable[..., CompletedProcess[str]], own_ports: tuple[int, int]
) -> None:
    with socket.create_server(("127.0.0.1", own_ports[0])) as other:
        refused = command("start")
        name = psutil.Process().name()
        other.close()
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"port {own_ports[0]} of localhost is in use by {name} (process {os.getpid()}), "
        "which is no RabbitMQ; "
        f"end that program, or take another port: {SET} RABBITMQ_PORT={own_ports[0] + 1}, then python broker.py start"
    ]


def test_start_uses_a_broker_that_runs_there_already(
    broker: Broker, command: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_PORT", str(broker.port))
    found = command("start")
    assert found.stdout.splitlines()[0].startswith("Broker: not started here: ")
    assert command("stop").stdout.startswith("Nothing to stop")
    assert broker.refusal(30) is None


@pytest.mark.usefixtures("own_ports")
def test_without_any_way_it_names_three_and_ends_with_status_2(
    command: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_FROM", "container")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    refused = command("start")
    assert refused.returncode == 2
    assert refused.stderr.startswith(NONE_FOUND)


def test_a_broker_that_the_environment_names_is_used_and_its_refusal_is_told(
    vhost: str, broker: Broker, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start() -> CompletedProcess[str]:
        return run([sys.executable, "broker.py", "start"], cwd=copy, text=True, capture_output=True, check=False)

    monkeypatch.delenv("RABBITMQ_FROM", raising=False)
    assert start().stdout.startswith(f"Broker: {broker.host}:{broker.port}, from the environment\n")
    monkeypatch.setenv("RABBITMQ_PASSWORD", "hunter2-not-to-be-seen")
    refused = start()
    assert refused.returncode == 2
    assert "the broker refused the login of user guest" in refused.stderr
    assert "hunter2" not in refused.stderr + refused.stdout


@pytest.mark.usefixtures("vhost")
def test_status_says_when_there_are_no_queues(terminal: Callable[..., Terminal]) -> None:
    shown = terminal(ROOT)
    shown.type("python broker.py status")
    assert shown.line() == "There are no queues yet. A MessageQueue declares its queue when it is opened."


def declare(broker: Broker, vhost: str, name: str, messages: int = 0, **how: bool) -> None:
    with pika.BlockingConnection(broker.parameters(vhost)) as connection:
        channel = connection.channel()
        channel.queue_declare(name, **how)
        for _ in range(messages):
            channel.basic_publish("", name, b"message", mandatory=True)


def test_status_watch_redraws_until_ctrl_c(broker: Broker, vhost: str, terminal: Callable[..., Terminal]) -> None:
    declare(broker, vhost, "my_queue", 2, durable=True)
    shown = terminal(ROOT)
    shown.environment["TERM"] = "xterm"
    shown.type("python broker.py status --watch")
    shown.child.expect("my_queue +2 +0 +0", timeout=90)
    declare(broker, vhost, "my_queue", 1, durable=True)
    shown.child.expect("my_queue +3 +0 +0", timeout=90)
    shown.interrupt()
    rest = list(iter(shown.line, None))
    assert not any("Traceback" in line for line in rest)
    assert not shown.busy


@pytest.mark.slow
def test_reset_empties_after_asking_and_deletes_what_was_declared_otherwise(
    broker: Broker, vhost: str, held: Callable[[str], tuple[int, int, int]]
) -> None:
    def reset(answer: str, *words: str) -> CompletedProcess[str]:
        whole = [sys.executable, "broker.py", "reset", *words]
        return run(whole, cwd=ROOT, input=answer, text=True, capture_output=True, check=False)

    declare(broker, vhost, "my_queue", 2, durable=True)
    assert reset("n\n").stdout.endswith("Nothing was removed.\n")
    assert reset("").stdout.endswith("Nothing was removed.\n")
    assert held("my_queue") == (2, 0, 0)
    assert reset("y\n").stdout.splitlines()[0].endswith("my_queue: emptied of 2 waiting messages")
    assert held("my_queue") == (0, 0, 0)
    assert reset("", "--yes", "upper").stdout == "upper: not there\n"
    declare(broker, vhost, "other", durable=True, auto_delete=True)
    assert reset("", "--yes", "other").stdout == "other: deleted, since it was declared with other arguments\n"


def test_reset_tells_of_the_messages_that_it_cannot_reach(broker: Broker, vhost: str) -> None:
    declare(broker, vhost, "my_queue", 3, durable=True)
    with pika.BlockingConnection(broker.parameters(vhost)) as connection:
        connection.channel().basic_get("my_queue")
        whole = [sys.executable, "broker.py", "reset", "--yes", "my_queue"]
        told = run(whole, cwd=ROOT, text=True, stdout=PIPE, check=True)
    assert told.stdout == (
        "my_queue: emptied of 2 waiting messages; 1 more at a consumer, back when it ends: end it, then reset again\n"
    )


def test_ctrl_c_at_its_first_line_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(line: str) -> None:
        raise KeyboardInterrupt

    try:
        server()
    except Unavailable as reason:
        pytest.skip(str(reason))
    monkeypatch.setenv("RABBITMQ_FROM", "node")
    before = psutil.Process().children(recursive=True)
    with pytest.raises(KeyboardInterrupt):
        finding.find(interrupted)
    assert set(psutil.Process().children(recursive=True)) <= set(before)


@pytest.mark.usefixtures("broker")
def test_ctrl_c_while_it_starts_leaves_nothing(
    copy: Path, own_ports: tuple[int, int], terminal: Callable[..., Terminal]
) -> None:
    starting = terminal(copy)
    starting.type("python ./broker.py start")
    until(lambda: "Broker: " in (starting.line() or ""))
    starting.interrupt()
    rest = list(iter(starting.line, None))
    assert not any("Traceback" in line for line in rest), rest
    assert processes_in(copy) == []
    assert not ports.taken(own_ports[0])
    remove_containers()


def test_what_a_killed_process_left_is_swept_up_by_the_next(tmp_path: Path) -> None:
    begin = "from brokers.node import Node; node = Node.begin(); print(node.folder, flush=True); input()"
    try:
        Node.begin().end()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with psutil.Popen([sys.executable, "-c", begin], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as starter:
        folder = Path(starter.stdout.readline().strip())
        assert processes_in(folder)
        starter.kill()
    sweep()  # or another process of the suite does it at this moment
    until(lambda: processes_in(folder), [])
    until(folder.exists, False)


def test_a_record_is_not_taken_for_a_later_process_of_the_same_number() -> None:
    entry = record.of_process(os.getpid())
    assert record.process(entry) == psutil.Process()
    assert record.process({**entry, "created": entry["created"] - 60}) is None


def test_an_engine_without_the_image_falls_through_and_says_why(
    command: Callable[..., CompletedProcess[str]], broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(broker, Container):
        pytest.skip("the suite's broker is no container")
    try:
        server()
    except Unavailable as reason:
        pytest.skip(str(reason))
    monkeypatch.delenv("RABBITMQ_FROM", raising=False)
    monkeypatch.setenv("RABBITMQ_IMAGE", "rabbitmq-that-is-not-there:0")
    told = command("start").stdout.splitlines()
    assert told[0].startswith("No broker from the container: the Docker engine cannot run a container of rabbitmq-that")
    assert told[-4].startswith("Broker: private rabbitmq-server node")


def test_a_container_listens_on_the_loopback_interface_only(broker: Broker) -> None:
    if not isinstance(broker, Container):
        pytest.skip("the suite's broker is no container")
    bound = [each for all_ in broker.container.ports.values() for each in all_ or []]
    assert {each["HostIp"] for each in bound} == {"127.0.0.1"}


def test_a_private_node_listens_on_the_loopback_interface_only(broker: Broker) -> None:
    if not isinstance(broker, Node):
        pytest.skip("the suite's broker is no private node")
    pids = [int(broker.entry[name]["pid"]) for name in ("broker", "epmd")]
    listening = [connection for pid in pids for connection in psutil.Process(pid).net_connections()]
    assert {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN} <= {"127.0.0.1", "::1"}


@pytest.mark.slow
@pytest.mark.usefixtures("broker")
def test_a_demo_that_is_told_to_end_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    monkeypatch.delenv("RABBITMQ_HOST", raising=False)
    demo = psutil.Popen([sys.executable, "-m", "chapters", "8"], cwd=ROOT, stdout=PIPE, text=True, encoding="utf-8")
    with demo:
        assert any("T1: goodbye" in line for line in demo.stdout)
        assert brokers_of(demo.pid)
        demo.terminate()
        assert demo.wait(90) == 130
    assert brokers_of(demo.pid) == []


def brokers_of(pid: int) -> list[object]:
    """Return the folders of nodes and the containers that this process has to remove."""
    entries = {path.parent: record.read(path) for path in record.FOLDER.glob("node-*/record.json")}
    return [
        *(folder for folder, entry in entries.items() if entry.get("owner", {}).get("pid") == pid),
        *containers(pid),
    ]


def containers(pid: int) -> list[str]:
    """Return the containers that this process has to remove, none where no engine answers."""
    try:
        with closing(docker.from_env()) as client:
            found = client.containers.list(all=True, ignore_removed=True, filters={"label": LABEL})
            return [container.id for container in found if json.loads(container.labels[LABEL])["pid"] == pid]
    except docker.errors.DockerException:
        return []


def test_the_engine_of_the_current_docker_context_is_found(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(broker, Container) or "DOCKER_HOST" not in os.environ:
        pytest.skip("the suite's broker is no container of DOCKER_HOST")
    context = {"Name": "desk", "Metadata": {}, "Endpoints": {"docker": {"Host": os.environ["DOCKER_HOST"]}}}
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"desk").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps(context), encoding="utf-8")
    (tmp_path / "config.json").write_text('{"currentContext": "desk"}', encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST")
    found = Container.begin()
    assert found.alive()
    found.end()


def test_a_container_whose_process_was_killed_is_removed_by_the_next(broker: Broker) -> None:
    if not isinstance(broker, Container):
        pytest.skip("the suite's broker is no container")
    begin = "from brokers.container import Container; print(Container.begin().origin, flush=True); input()"
    with psutil.Popen([sys.executable, "-c", begin], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as starter:
        assert "container" in starter.stdout.readline()
        assert len(containers(starter.pid)) == 1
        starter.kill()
    Container.begin().end()
    assert containers(starter.pid) == []


def test_start_says_when_the_broker_there_refuses_the_vhost(
    broker: Broker, command: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_PORT", str(broker.port))
    monkeypatch.setenv("RABBITMQ_VHOST", "shop")
    told = command("start")
    assert told.returncode == 1
    assert "there is no vhost shop there; correct RABBITMQ_VHOST" in told.stderr


def test_a_proxy_of_the_network_is_not_asked_for_the_queues(
    broker: Broker, vhost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    declare(broker, vhost, "my_queue", 1, durable=True)
    assert [(queue.name, queue.unacknowledged) for queue in queues.look(broker, vhost)] == [("my_queue", 0)]
