"""The RABBITMQ_* variables lead lapinmq to the broker, to several hosts too, and no password shows anywhere."""

import logging
import ssl
import threading
from collections.abc import Iterator

import pika
import pytest
from waiting import Stopwatch, until

from brokers import ports
from brokers.broker import Broker
from lapinmq.address import addresses, place
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.errors import AuthenticationFailed, BadAddress, ConnectionLost, LapinError
from lapinmq.message import MessageStatus
from lapinmq.publisher import Publisher

SECRET = "pa55w0rd-that-nobody-reads"


def only(**environment: str) -> pika.connection.Parameters:
    (found,) = addresses(environment)
    return found


def test_without_variables_it_is_guest_at_localhost() -> None:
    found = only()
    assert (found.host, found.port, found.virtual_host) == ("localhost", 5672, "/")
    assert (found.credentials.username, found.credentials.password) == ("guest", "guest")


def test_empty_variables_are_as_none() -> None:
    names = ("URL", "HOST", "PORT", "USERNAME", "PASSWORD", "VHOST")
    assert only(**{f"RABBITMQ_{name}": "" for name in names}).host == "localhost"


def test_each_variable_says_what_its_name_says() -> None:
    found = only(
        RABBITMQ_HOST="rabbit", RABBITMQ_PORT="5673", RABBITMQ_USERNAME="u", RABBITMQ_PASSWORD="p", RABBITMQ_VHOST="v"
    )
    assert (found.host, found.port, found.virtual_host) == ("rabbit", 5673, "v")
    assert (found.credentials.username, found.credentials.password) == ("u", "p")


def test_a_host_may_be_a_list_each_with_a_port_of_its_own_or_the_common_one() -> None:
    found = addresses({"RABBITMQ_HOST": "a, b:5673 ,c,,::1,[::2]:5674,", "RABBITMQ_PORT": "5700"})
    wanted = [("a", 5700), ("b", 5673), ("c", 5700), ("::1", 5700), ("::2", 5674)]
    assert [(each.host, each.port) for each in found] == wanted


def test_a_url_wins_over_the_other_variables_and_sets_pikas_options() -> None:
    found = only(RABBITMQ_URL="amqp://u:p%40@rabbit:5673/v%2F?heartbeat=2", RABBITMQ_HOST="other", RABBITMQ_VHOST="w")
    assert (found.host, found.port, found.virtual_host, found.heartbeat) == ("rabbit", 5673, "v/", 2)
    assert (found.credentials.username, found.credentials.password) == ("u", "p@")


def test_amqps_verifies_the_certificate_and_the_name() -> None:
    context = only(RABBITMQ_URL="amqps://u:p@rabbit/").ssl_options.context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_heartbeats_are_on_unless_a_url_says_otherwise() -> None:
    assert 5 <= only().heartbeat <= 20
    assert 5 <= only(RABBITMQ_URL="amqp://rabbit").heartbeat <= 20
    assert only(RABBITMQ_URL="amqp://rabbit?heartbeat=0").heartbeat == 0


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "5672.0", "٣", " 5672"])
@pytest.mark.parametrize("variables", [["RABBITMQ_PORT"], ["RABBITMQ_HOST"]], ids=["PORT", "HOST"])
def test_what_is_no_port_is_named(port: str, variables: list[str]) -> None:
    value = port if variables == ["RABBITMQ_PORT"] else f"rabbit:{port}"
    with pytest.raises(BadAddress, match="RABBITMQ_PORT") as found:
        addresses(dict.fromkeys(variables, value))
    assert repr(port) in str(found.value)
    assert isinstance(found.value, ValueError)


@pytest.mark.parametrize("url", [
    "http://u:{}@rabbit", "rabbit:5672", "amqp://u:{}@rabbit:x", "amqp://u:{}@rabbit:99999", "amqp://u:{}@[rabbit",
    "amqp://u:{}@rabbit?heartbeat=x", "amqp://u:{}@rabbit?nonsense=1", "amqps://u:{}@rabbit?ssl_options=x",
])  # fmt: skip
def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BadAddress, match="RABBITMQ_URL") as found:
        addresses({"RABBITMQ_URL": url.format(SECRET)})
    assert SECRET not in str(found.value)
    assert found.value.__cause__ is None
    assert found.value.__suppress_context__


def test_a_place_names_the_host_and_a_vhost_but_no_password() -> None:
    assert place(only(RABBITMQ_URL=f"amqp://u:{SECRET}@rabbit:5673/v")) == "rabbit:5673 (vhost v)"
    assert place(only(RABBITMQ_URL=f"amqp://u:{SECRET}@rabbit:5673/")) == "rabbit:5673"


# on a broker


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """See that a test leaves no thread."""
    before = set(threading.enumerate())
    yield
    until(lambda: [each.name for each in set(threading.enumerate()) - before if each.name.startswith("lapinmq")], [])


def starts() -> list[Publisher | Consumer]:
    return [Publisher("sync"), Publisher("async"), Consumer("q", lambda _: MessageStatus.SUCCESS)]


def everything_said(error: BaseException | None) -> str:
    """Return the texts and the reprs of an error and of all that caused it."""
    told = ""
    while error is not None:
        told += f"{error} {error!r} {getattr(error, 'cause', '')!r} "
        error = error.__cause__ or error.__context__
    return told


def refused(each: Publisher | Consumer, kind: type[LapinError], timeout: float = 30) -> LapinError:
    watch = Stopwatch()
    with pytest.raises(kind) as found:
        each.start(timeout)
    assert watch.seconds() < min(timeout, 3) + 1
    assert each.stop() in (None, True), "stopping what did not start is harmless"
    return found.value


@pytest.mark.parametrize("each", starts(), ids=repr)
def test_a_wrong_password_ends_a_start_at_once_and_is_shown_nowhere(
    each: Publisher | Consumer, vhost: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RABBITMQ_PASSWORD", SECRET)
    with caplog.at_level(logging.INFO, "lapinmq"):
        error = refused(each, AuthenticationFailed)
    assert "guest" in str(error)
    assert "RABBITMQ_PASSWORD" in str(error)
    assert "\n" not in str(error)
    assert "RABBITMQ_PASSWORD" in caplog.text
    assert SECRET not in everything_said(error) + caplog.text + repr(each) + repr(each.__dict__)


@pytest.mark.parametrize("each", starts(), ids=repr)
def test_an_unknown_vhost_ends_a_start_at_once(
    each: Publisher | Consumer, vhost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_VHOST", "nowhere")
    error = refused(each, AuthenticationFailed)
    assert "no such vhost" in str(error)
    assert "rabbitmqctl add_vhost nowhere" in str(error)


@pytest.mark.parametrize("each", starts(), ids=repr)
def test_a_start_where_nobody_listens_tries_until_its_timeout_and_names_the_place(
    each: Publisher | Consumer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = ports.free(1)
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://u:{SECRET}@127.0.0.1:{port}")
    with caplog.at_level(logging.INFO, "lapinmq"):
        error = refused(each, ConnectionLost, timeout=0.7)
    assert f"127.0.0.1:{port}" in str(error)
    assert "connection refused" in str(error)
    assert "0.7 s" in str(error)
    assert len([each for each in caplog.records if "trying again" in each.message]) > 1
    assert SECRET not in everything_said(error) + caplog.text


def test_an_unknown_host_is_named_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "")
    monkeypatch.setenv("RABBITMQ_HOST", "nowhere.invalid")
    error = refused(Publisher(), ConnectionLost, timeout=1)
    assert "nowhere.invalid" in str(error)


def test_a_url_leads_to_the_broker(broker: Broker, plain, vhost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.queue_declare("q")
    login = f"{broker.username}:{broker.password}"
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://{login}@{broker.host}:{broker.port}/{vhost}?heartbeat=7")
    monkeypatch.setenv("RABBITMQ_HOST", "nowhere.invalid")
    with Publisher() as publisher:
        publisher.send_message_to_queue("q", "by a URL")
    assert plain.basic_get("q")[2] == b"by a URL"


def test_where_the_first_host_is_dead_the_next_is_taken(
    broker: Broker, plain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (dead,) = ports.free(1)
    monkeypatch.setenv("RABBITMQ_HOST", f"127.0.0.1:{dead},{broker.host}:{broker.port}")
    plain.queue_declare("q")
    with Publisher() as publisher:
        publisher.send_message_to_queue("q", "by the second host")
    assert plain.basic_get("q")[2] == b"by the second host"
    assert f"127.0.0.1:{dead}" in caplog.text


def test_the_hosts_may_be_given_as_pikas_parameters(broker: Broker, plain, vhost: str) -> None:
    (dead,) = ports.free(1)
    hosts = [pika.ConnectionParameters("127.0.0.1", dead), broker.parameters(vhost)]
    plain.queue_declare("q")
    got: list[bytes] = []

    def task(message) -> MessageStatus:
        got.append(message.body)
        return MessageStatus.SUCCESS

    own = Connection(hosts)
    with Publisher(connection=own) as publisher, Consumer("q", task, connection=own):
        publisher.send_message_to_queue("q", "x")
        until(lambda: got, [b"x"])


def test_a_wrong_address_is_an_error_of_start_and_not_of_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "http://rabbit")
    for each in starts():
        with pytest.raises(BadAddress):
            each.start()
        each.stop()
