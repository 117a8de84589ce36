"""amqps:// is TLS that verifies: a server that proves who it is gets all messages, another one gets none."""

import asyncio
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Held
from waiting import Stopwatch, until

from brokers.broker import Broker
from lapinmq.consumer import Consumer
from lapinmq.errors import AuthenticationFailed, ConnectionLost, LapinError
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher

Look = Callable[[str], Held]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key and a certificate of its own for localhost, and return their folder."""
    if not shutil.which("openssl"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(["openssl", "req", *words, *more], cwd=folder, check=True, capture_output=True, timeout=90)
    return folder


class Terminator(threading.Thread):
    """Takes TLS on a port of its own and speaks with the broker in the clear."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        super().__init__(name="TLS terminator", daemon=True)
        self.broker, self.port, self.ready = broker, 0, threading.Event()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.loop = asyncio.new_event_loop()
        self.start()
        assert self.ready.wait(60)

    def run(self) -> None:
        self.loop.run_until_complete(self.serve())
        self.loop.close()

    async def serve(self) -> None:
        self.over = asyncio.Event()
        server = await asyncio.start_server(self.join_up, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.over.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)  # the transports that were closed are let go in the loop's next round

    async def join_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection(self.broker.host, self.broker.port)
        await asyncio.gather(self.pump(reader, inner[1]), self.pump(inner[0], writer))
        for each in (writer, inner[1]):  # else the garbage collector closes it, and a warning fails a later test
            with suppress(OSError):
                await each.wait_closed()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.join(60)


@pytest.fixture
def tls(broker: Broker, vhost: str, certificate: Path) -> Iterator[Callable[..., str]]:
    """Return the URL of the broker behind TLS, for a host name and with the certificate that is trusted or without."""
    server = Terminator(broker, certificate)

    def url(host: str = "localhost", trusted: bool = True) -> str:
        options = quote(repr({"ca_certs": str(certificate / "cert.pem")}))
        login = f"{quote(broker.username, safe='')}:{quote(broker.password, safe='')}"
        return f"amqps://{login}@{host}:{server.port}/{vhost}" + (f"?ssl_options={options}" if trusted else "")

    yield url
    server.end()


def test_all_bodies_arrive_through_tls_as_they_were_sent(
    tls: Callable[..., str], held: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", tls())
    bodies = [b"", *(bytes([size % 251]) * size for size in (1, 16_384, 131_072, 131_073, 3_000_000))] * 3
    got: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        got.append(message.body)
        return MessageStatus.SUCCESS

    with Consumer("q", task, prefetch=5), Publisher("async") as publisher, Publisher("sync") as sync:
        for body in bodies:
            publisher.send_message_to_queue("q", body)
        publisher.flush()
        sync.send_message_to_queue("q", b"last")
        until(lambda: len(got), len(bodies) + 1)
        until(lambda: held("q"), (0, 0, 1))
    assert got == [*bodies, b"last"]


@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)], ids=["signer", "name"])
def test_a_server_that_does_not_prove_who_it_is_is_refused_at_once(
    host: str, trusted: bool, tls: Callable[..., str], broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", tls(host, trusted))
    watch = Stopwatch()
    with pytest.raises(AuthenticationFailed, match="certificate") as found:
        Publisher().start(10)
    assert watch.seconds() < 3
    assert f"{broker.username}:{broker.password}@" not in str(found.value)
    until(lambda: [each.name for each in threading.enumerate() if each.name.startswith("lapinmq")], [])


def test_a_server_without_tls_is_named(broker: Broker, vhost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", f"amqps://{broker.host}:{broker.port}/{vhost}")
    with pytest.raises(LapinError, match=r"TLS|AMQP") as found:
        Publisher().start(1)
    assert isinstance(found.value, ConnectionLost)
