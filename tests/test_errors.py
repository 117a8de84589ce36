"""Each stumbling block, real and met by a real script, ends in its one line, without traceback and password."""

import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from subprocess import PIPE, CompletedProcess, Popen
from urllib.parse import quote

import pytest
import requests
from waiting import lessons, run, until

import address
from brokers import ports, queues
from brokers.broker import Broker
from brokers.management import Management
from brokers.node import server
from brokers.unavailable import Unavailable
from endings import BrokerError

Held = Callable[[str], tuple[int, int | None, int]]

SECRET = "correct-horse-battery"
"""A password that no output may hold."""

NOBODY = {"RABBITMQ_URL": "", "RABBITMQ_VHOST": "", "RABBITMQ_USERNAME": "", "RABBITMQ_PASSWORD": SECRET}
REFUSED_GUEST = (
    "the broker refused the login of user guest: wrong password, or guest from another machine (RabbitMQ lets guest in "
    "from its own machine only); correct or unset RABBITMQ_USERNAME and RABBITMQ_PASSWORD "
    "(python broker.py start shows its broker's login)"
)
LOST = (
    r"the connection was lost \(.+\), by the broker's end, or by work that kept it silent for "
    "three heartbeats; unacknowledged messages are back on the queue; "
    r"is the broker up\? python broker.py start, then run this again"
)
DELETED = "the queue was deleted while this consumed from it, with all its messages; run this again to declare it anew"


@pytest.fixture
def begin(work: Path) -> Iterator[Callable[..., Popen[str]]]:
    """Start scripts that do not end by themselves; what is left of them is killed after the test."""
    begun: list[Popen[str]] = []

    def one(script: str) -> Popen[str]:
        command = [sys.executable, script]
        begun.append(Popen(command, cwd=work, env=lessons(work), stdout=PIPE, stderr=PIPE, encoding="utf-8"))
        return begun[-1]

    yield one
    for process in begun:
        with process:
            process.kill()


def end(process: Popen[str]) -> CompletedProcess[str]:
    """Wait for the end of a script, which something else has brought about."""
    output, errors = process.communicate(timeout=90)
    return CompletedProcess(process.args, process.returncode, output, errors)


def told(ended: CompletedProcess[str]) -> str:
    """Return the one line that a failed script left on standard error."""
    assert ended.returncode == 1, ended
    assert SECRET not in ended.stdout + ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.removesuffix("\n")


def place(broker: Broker, vhost: str, queue: str = "my_queue") -> str:
    return f"queue {queue} at {broker.host}:{broker.port} (vhost {vhost}): "


# nobody there, or somebody else


@pytest.mark.parametrize("way", ["fields", "URL"])
@pytest.mark.parametrize(
    ("script", "queue"),
    [
        ("producer.py", "my_queue"), ("consumer1.py", "my_queue"), ("consumer2.py", "my_queue"),
        ("consumer3.py", "my_queue"), ("workflow.py", "upper"), ("workflow2.py", "upper"),
    ],
)  # fmt: skip
def test_no_broker(work: Path, script: str, queue: str, way: str) -> None:
    (port,) = ports.free(1)
    where = {"RABBITMQ_HOST": "localhost", "RABBITMQ_PORT": str(port)}
    if way == "URL":
        where = {"RABBITMQ_URL": f"amqp://guest:{SECRET}@localhost:{port}"}
    assert told(run(work, script, "x", **{**NOBODY, **where})) == (
        f"queue {queue} at localhost:{port}: no broker answers there (connection refused); "
        "start one with: python broker.py start"
    )


def test_unknown_host(work: Path) -> None:
    where = {"RABBITMQ_HOST": "broker.invalid", "RABBITMQ_PORT": ""}
    assert told(run(work, "producer.py", "x", **NOBODY, **where)) == (
        "queue my_queue at broker.invalid:5672: the host name broker.invalid is unknown; "
        "correct RABBITMQ_HOST, or unset it and start one with: python broker.py start"
    )


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen on a port, which is yielded, let `answer` talk to the first who comes, and close."""

    def serve() -> None:
        with suppress(OSError), server.accept()[0] as connection:
            connection.settimeout(10)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(60)


def close(connection: socket.socket) -> None:
    connection.recv(8)


def speak_http(connection: socket.socket) -> None:
    connection.recv(8)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def keep_silent(connection: socket.socket) -> None:
    while connection.recv(8):
        pass


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (close, "what listens there is not RabbitMQ (no AMQP answer)"),
        (speak_http, "what listens there is not RabbitMQ (no AMQP answer)"),
        (keep_silent, "what listens there does not speak AMQP (no answer to the handshake)"),
    ],
)
def test_a_port_that_something_else_holds(work: Path, answer: Callable[[socket.socket], object], cause: str) -> None:
    with listening(answer) as port:
        url = f"amqp://guest:{SECRET}@127.0.0.1:{port}/?stack_timeout=1"
        ended = run(work, "producer.py", "x", RABBITMQ_URL=url)
    assert told(ended) == (
        f"queue my_queue at 127.0.0.1:{port}: {cause}; see what holds the port: python broker.py status"
    )


# logins and vhosts


@pytest.fixture
def stranger(broker: Broker) -> Iterator[str]:
    """A user that may use no vhost, with the password SECRET."""
    management = Management(broker)
    name = "stranger"
    user = f"{management.root}/users/{name}"
    requests.put(user, json={"password": SECRET, "tags": ""}, auth=management.login, timeout=90).raise_for_status()
    yield name
    requests.delete(user, auth=management.login, timeout=90).raise_for_status()


def test_a_wrong_password_for_guest(work: Path, broker: Broker, vhost: str) -> None:
    login = {"RABBITMQ_URL": "", "RABBITMQ_USERNAME": "guest", "RABBITMQ_PASSWORD": SECRET}
    assert told(run(work, "producer.py", "x", **login)) == f"{place(broker, vhost)}{REFUSED_GUEST}"


@pytest.mark.parametrize("way", ["fields", "URL"])
def test_a_wrong_password_for_another_user(work: Path, broker: Broker, vhost: str, way: str) -> None:
    login = {"RABBITMQ_URL": "", "RABBITMQ_USERNAME": "eve", "RABBITMQ_PASSWORD": SECRET}
    if way == "URL":
        login = {"RABBITMQ_URL": f"amqp://eve:{SECRET}@{broker.host}:{broker.port}/{vhost}"}
    assert told(run(work, "producer.py", "x", **login)) == (
        f"{place(broker, vhost)}the broker refused the login of user eve: wrong password; correct or unset "
        "RABBITMQ_USERNAME and RABBITMQ_PASSWORD (python broker.py start shows its broker's login)"
    )


def test_an_unknown_vhost(work: Path, broker: Broker, vhost: str) -> None:
    assert told(run(work, "producer.py", "x", RABBITMQ_URL="", RABBITMQ_VHOST="nowhere")) == (
        f"{place(broker, 'nowhere')}there is no vhost nowhere there; "
        "correct RABBITMQ_VHOST, or create it: rabbitmqctl add_vhost nowhere"
    )


def test_a_vhost_that_the_user_may_not_use(work: Path, broker: Broker, vhost: str, stranger: str) -> None:
    login = {"RABBITMQ_URL": "", "RABBITMQ_USERNAME": stranger, "RABBITMQ_PASSWORD": SECRET}
    assert told(run(work, "producer.py", "x", **login)) == (
        f"{place(broker, vhost)}user {stranger} may not use vhost {vhost}; correct RABBITMQ_VHOST, "
        f"or allow it: rabbitmqctl set_permissions -p {vhost} {stranger} '.*' '.*' '.*'"
    )


ELSEWHERE = "203.0.113.5"
"""An address for documentation (RFC 5737); RabbitMQ takes who connects to another address than 127.0.0.1 for remote."""

IN_A_NETWORK_OF_ITS_OWN = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c",
    f'ip link set lo up && ip address add {ELSEWHERE}/32 dev lo && exec "$0" "$@"']  # fmt: skip

GUEST_FROM_ELSEWHERE = f"""
import os, subprocess, sys
from brokers.node import Node
Node.settings = ("listeners.tcp.2 = {ELSEWHERE}:5600",)
node = Node.begin(5600, 15600)
try:
    node.wait()  # guest is let in at 127.0.0.1
    environment = {{**os.environ, **node.environment(), "RABBITMQ_HOST": "{ELSEWHERE}"}}
    sys.exit(subprocess.run([sys.executable, "producer.py", "x"], env=environment).returncode)
finally:
    node.end()
"""


def network_of_its_own() -> bool:
    """Return whether this machine lets a test have one, so that no server is reachable from elsewhere."""
    try:
        return subprocess.run([*IN_A_NETWORK_OF_ITS_OWN, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.broker
def test_guest_from_another_machine(work: Path) -> None:
    try:
        server()
    except Unavailable as reason:
        pytest.skip(str(reason))
    if not network_of_its_own():
        pytest.skip("this machine lets a test have no network of its own (unshare, ip)")
    command = [*IN_A_NETWORK_OF_ITS_OWN, sys.executable, "-c", GUEST_FROM_ELSEWHERE]
    ended = subprocess.run(command, cwd=work, env=lessons(work), capture_output=True, encoding="utf-8", check=False)
    assert told(ended) == f"queue my_queue at {ELSEWHERE}:5600: {REFUSED_GUEST}"


# TLS


def test_tls_to_a_port_without(work: Path, broker: Broker, vhost: str) -> None:
    url = f"amqps://guest:{SECRET}@{broker.host}:{broker.port}/{vhost}"
    assert told(run(work, "producer.py", "x", RABBITMQ_URL=url)) == (
        f"{place(broker, vhost)}what listens there does not speak TLS; use amqp:// in RABBITMQ_URL, not amqps://"
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
@pytest.mark.parametrize(
    ("name", "trusted", "cause"),
    [("localhost", False, "self.signed certificate"), ("another.example", True, "mismatch")],
)
def test_a_certificate_that_does_not_prove_the_host(
    work: Path, tmp_path: Path, name: str, trusted: bool, cause: str
) -> None:
    pem = str(tmp_path / "certificate.pem")
    request = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", pem, "-out", pem]
    subprocess.run([*request, "-subj", f"/CN={name}"], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    def shake_hands(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    trust = {"SSL_CERT_FILE": pem} if trusted else {}
    with listening(shake_hands) as port:
        url = f"amqps://guest:{SECRET}@127.0.0.1:{port}"
        line = told(run(work, "producer.py", "x", RABBITMQ_URL=url, **trust))
    assert re.fullmatch(
        rf"queue my_queue at 127.0.0.1:{port}: the TLS connection failed \(.*{cause}.*\); "
        "check the certificate and the host name in RABBITMQ_URL",
        line,
    )


# queues and messages


def test_a_queue_declared_with_other_arguments(work: Path, broker: Broker, vhost: str, plain) -> None:
    plain.queue_declare("my_queue", durable=True, auto_delete=True)
    assert told(run(work, "producer.py", "x")) == (
        f"{place(broker, vhost)}a queue of this name exists, declared with other arguments (PRECONDITION_FAILED - "
        f"inequivalent arg 'auto_delete' for queue 'my_queue' in vhost '{vhost}': received 'false' but current is "
        "'true'); take another name, or delete it with all its messages: python broker.py reset my_queue"
    )


@pytest.mark.parametrize(
    ("message", "kind", "advice"),
    [
        ("b'x'", "bytes", "decode it first: message.decode()"),
        ("42", "int", "turn it into text: str(message)"),
        ("None", "NoneType", "turn it into text: str(message)"),
    ],
)
def test_a_message_that_is_not_text(work: Path, vhost: str, message: str, kind: str, advice: str) -> None:
    ended = run(work, "-c", f"from rabbit import MessageQueue; MessageQueue('my_queue').publish({message})")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"endings.NotText: queue my_queue: publish() takes text (str), not {kind}; {advice}"
    )


@pytest.mark.parametrize("script", ["consumer1.py", "consumer2.py", "consumer3.py"])
def test_a_queue_deleted_under_a_consumer(begin, broker, vhost, plain, held: Held, script: str) -> None:
    plain.queue_declare("my_queue", durable=True)
    consumer = begin(script)
    until(lambda: held("my_queue"), (0, 0, 1))
    plain.queue_delete("my_queue")
    ended = end(consumer)
    assert told(ended) == place(broker, vhost) + DELETED
    assert ended.stdout == "Starting consumer.\n"


@pytest.mark.parametrize(("queue", "other"), [("upper", "ToUpper"), ("my_queue", "Printer")])
def test_a_queue_deleted_under_a_work_flow_ends_its_other_stage_too(
    begin, broker, vhost, plain, held: Held, queue: str, other: str
) -> None:
    for name in ("my_queue", "upper"):
        plain.queue_declare(name, durable=True)
    flow = begin("workflow.py")
    until(lambda: (held("my_queue"), held("upper")), ((0, 0, 1), (0, 0, 1)))
    plain.queue_delete(queue)
    ended = end(flow)
    assert told(ended) == place(broker, vhost, queue) + DELETED
    assert sorted(ended.stdout.splitlines()) == sorted(["Printer starting", "ToUpper starting", f"{other} halted."])


ACKNOWLEDGING_LATE = """
import pika
from address import parameters
from rabbit import MessageQueue

watch = pika.BlockingConnection(parameters())
channel = watch.channel()

def late(_, method, properties, message):
    while channel.queue_declare('my_queue', passive=True).method.message_count == 0:
        watch.process_data_events(0.1)
    mq.ack(method)

mq = MessageQueue('my_queue')
mq.publish('x')
mq.register(late)
mq.start()
"""


@pytest.fixture
def impatient(own: Broker, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """A broker that waits a second for an acknowledgement; from 4.3 on that is for quorum queues only."""
    settings = ("consumer_timeout, 1000", "channel_tick_interval, 500")
    own.ctl("eval", ", ".join(f"application:set_env(rabbit, {setting})" for setting in settings) + ".")
    own.vhost = "impatient"
    Management(own).create_vhost(own.vhost, quorum=Management(own).version() >= (4, 3))
    monkeypatch.setenv("RABBITMQ_VHOST", own.vhost)
    return own


def test_a_message_acknowledged_too_late(work: Path, impatient: Broker) -> None:
    ended = run(work, "-c", ACKNOWLEDGING_LATE)
    line = told(ended)
    assert line.startswith(place(impatient, impatient.vhost))
    if Management(impatient).version() >= (4, 3):
        assert "the broker cancelled this consumer, though its queue exists" in line
    else:
        assert "a message was not acknowledged within the broker's time limit" in line
    assert line.endswith("back on the queue; acknowledge sooner, then run this again")
    until(lambda: [(queue.ready, queue.consumers) for queue in queues.look(impatient)], [(1, 0)])


ACKNOWLEDGING_TWICE = """
from rabbit import MessageQueue
mq = MessageQueue('my_queue')
mq.publish('x')
mq.register(lambda channel, method, properties, message: (mq.ack(method), mq.ack(method)))
mq.start()
"""


def test_a_message_acknowledged_twice(work: Path, broker: Broker, vhost: str) -> None:
    assert told(run(work, "-c", ACKNOWLEDGING_TWICE)) == (
        f"{place(broker, vhost)}a message was acknowledged twice, or not on the connection that delivered it, "
        "and the broker closed the channel; call ack(method) once a message"
    )


# a broker in trouble


@pytest.mark.slow
def test_a_broker_killed_under_a_consumer(begin, own: Broker) -> None:
    consumer = begin("consumer2.py")
    assert consumer.stdout.readline() == "Starting consumer.\n"
    until(lambda: own.ctl("-s", "list_consumers", "queue_name").strip(), "my_queue")
    own.kill()
    assert re.fullmatch(f"queue my_queue at 127.0.0.1:{own.port}: {LOST}", told(end(consumer)))


def test_a_connection_lost_while_the_queue_is_opened(work: Path, broker: Broker, vhost: str) -> None:
    def forward_until_the_queue_is_named(client: socket.socket) -> None:
        with socket.create_connection((broker.host, broker.port)) as server:
            while True:
                ready = select([client, server], [], [])[0][0]
                part = ready.recv(65536)
                if b"my_queue" in part or not part:
                    return
                (server if ready is client else client).sendall(part)

    with listening(forward_until_the_queue_is_named) as port:
        where = {"RABBITMQ_URL": "", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(port)}
        ended = run(work, "producer.py", "x", **where)
    assert re.fullmatch(rf"queue my_queue at 127.0.0.1:{port} \(vhost {vhost}\): {LOST}", told(ended))


@pytest.mark.slow
def test_a_broker_that_takes_no_messages(work: Path, own: Broker) -> None:
    own.ctl("set_vm_memory_high_watermark", "0.0001")
    url = f"amqp://{own.username}:{own.password}@127.0.0.1:{own.port}/?blocked_connection_timeout=1"
    assert told(run(work, "producer.py", "x", RABBITMQ_URL=url)) == (
        f"queue my_queue at 127.0.0.1:{own.port}: the broker takes no messages (memory or disk alarm); "
        "the last one is not confirmed; see rabbitmqctl alarms, and publish it again when they are over"
    )
    own.ctl("set_vm_memory_high_watermark", "0.4")
    assert run(work, "producer.py", "x", RABBITMQ_URL=url).returncode == 0


# where the broker is


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "56.72", "²"])
def test_a_port_that_is_none(work: Path, port: str) -> None:
    line = told(run(work, "producer.py", "x", **NOBODY, RABBITMQ_PORT=port))
    assert line == f"RABBITMQ_PORT is {port!r}, which is no port number; unset it for the usual 5672"


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (
            f"http://guest:{SECRET}@localhost",
            "RABBITMQ_URL has to begin with amqp:// or amqps://, as in amqp://USER:PASSWORD@HOST:PORT/VHOST",
        ),
        *(
            (url, "RABBITMQ_URL is no URL for pika; try amqp://USER:PASSWORD@HOST:PORT/VHOST")
            for url in (
                f"amqp://guest:{SECRET}@localhost:none",
                f"amqp://guest:{SECRET}@localhost:70000",
                f"amqp://guest:{SECRET}@localhost/?heartbeat={SECRET}",
                f"amqp://guest:{SECRET}@[localhost",
            )
        ),
    ],
)
def test_a_url_that_is_none(work: Path, url: str, line: str) -> None:
    assert told(run(work, "producer.py", "x", RABBITMQ_URL=url)) == line


def test_with_nothing_set_the_broker_is_guest_at_localhost() -> None:
    found = address.parameters({})
    assert (found.host, found.port, found.virtual_host, found.ssl_options) == ("localhost", 5672, "/", None)
    assert (found.credentials.username, found.credentials.password) == ("guest", "guest")


def test_an_empty_variable_is_as_one_that_is_not_set() -> None:
    names = ("URL", "HOST", "PORT", "USERNAME", "PASSWORD", "VHOST")
    assert address.parameters({f"RABBITMQ_{name}": "" for name in names}) == address.parameters({})


FIELDS = {
    "RABBITMQ_HOST": "field.example", "RABBITMQ_PORT": "1", "RABBITMQ_VHOST": "v/1",
    "RABBITMQ_USERNAME": "me", "RABBITMQ_PASSWORD": "p@ss",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        (FIELDS, ("field.example", 1, "v/1", "me", "p@ss")),
        ({"RABBITMQ_URL": "amqp://url.example"}, ("url.example", 5672, "/", "guest", "guest")),
        ({"RABBITMQ_URL": "amqps://url.example"}, ("url.example", 5671, "/", "guest", "guest")),
        (
            {**FIELDS, "RABBITMQ_URL": "amqp://you:a%40b@url.example:2/v%2F2"},
            ("url.example", 2, "v/2", "you", "a@b"),
        ),
    ],
)
def test_the_environment_names_the_broker_and_a_url_wins(environment: dict[str, str], wanted: tuple[object]) -> None:
    found = address.parameters(environment)
    login = found.credentials
    assert (found.host, found.port, found.virtual_host, login.username, login.password) == wanted


def test_a_vhost_of_a_url_is_used(work: Path, broker: Broker, vhost: str, held: Held) -> None:
    login = f"{quote(broker.username, safe='')}:{quote(broker.password, safe='')}"
    url = f"amqp://{login}@{broker.host}:{broker.port}/{vhost}"
    assert run(work, "producer.py", "x", RABBITMQ_URL=url, RABBITMQ_VHOST="nowhere").returncode == 0
    assert held("my_queue") == (1, 0, 0)


def test_amqps_checks_the_certificate_and_the_host_name() -> None:
    options = address.parameters({"RABBITMQ_URL": "amqps://url.example"}).ssl_options
    assert options.context.verify_mode == ssl.CERT_REQUIRED
    assert options.context.check_hostname


def test_a_publish_does_not_wait_for_ever_for_a_broker_that_takes_no_messages() -> None:
    assert address.parameters({}).blocked_connection_timeout == address.BLOCKED_SECONDS
    url = "amqp://url.example/?blocked_connection_timeout=2"
    assert address.parameters({"RABBITMQ_URL": url}).blocked_connection_timeout == 2


def test_no_error_of_an_address_holds_the_password() -> None:
    with pytest.raises(BrokerError) as raised:
        address.parameters({"RABBITMQ_URL": f"amqp://guest:{SECRET}@localhost:none"})
    assert SECRET not in repr(raised.value)
    assert raised.value.__suppress_context__
