"""What lapinmq puts on the wire and reads from it by itself is byte for byte what pika does; pika is the oracle.

It is also the test that fails when a release of pika changes one of the things that lapinmq uses and pika does not
promise: they all stand in lapinmq/wire.py.
"""

import ast
import contextlib
import inspect
import itertools
import random
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pika
import pytest
from conftest import ROOT
from pika import connection as pika_connection
from pika import frame as pika_frame
from pika import spec
from pika.adapters import base_connection
from pika.adapters.select_connection import IOLoop, SelectConnection
from pika.adapters.utils import io_services_utils
from pika.exceptions import InvalidFrameError
from waiting import until

from lapinmq import frames, payload
from lapinmq.connection import Connection
from lapinmq.consumer import Consumer
from lapinmq.message import Message, MessageStatus
from lapinmq.publisher import Publisher
from lapinmq.wire import Wire

CHANNELS = (1, 7, 255, 256, 65535)
TAGS = (1, 2, 255, 256, 2**31, 2**32, 2**63 - 1)
NAMES = ("", "q", "amq.topic", "é" * 60, "k" * 255)
SIZES = (0, 1, 7, 4087, 4088, 4089, 8176, 8177, 12_264, 20_000)
"""4088 is what fits in one body frame where frames of 4096 bytes were agreed on."""
PROPERTIES = [
    pika.BasicProperties(),
    pika.BasicProperties(message_id="m"),
    pika.BasicProperties(delivery_mode=2, message_id="m", expiration="60000"),
    pika.BasicProperties(headers={}),
    pika.BasicProperties(headers={"é": "ü", "n": None, "i": -5, "t": True, "l": [1, "x", {"d": 2}], "b": b"\x00\xff"}),
    pika.BasicProperties("text/plain", "gzip", {"a": 1}, 1, 9, "corr", "reply", "1", "id", 12345, "t", "u", "app", "c"),
]


def marshalled(method: object, channel: int = 1) -> bytes:
    return pika_frame.Method(channel, method).marshal()


def content(channel: int, properties: pika.BasicProperties, body: bytes, frame_max: int) -> bytes:
    """Return header and body frames as pika makes them."""
    room = frame_max - 8
    pieces = [body[at : at + room] for at in range(0, len(body), room)]
    header = pika_frame.Header(channel, len(body), properties).marshal()
    return header + b"".join(pika_frame.Body(channel, piece).marshal() for piece in pieces)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


# what is sent


def test_a_publish_frame_is_pikas_with_mandatory_set() -> None:
    for channel, exchange, key in itertools.product(CHANNELS, NAMES, NAMES):
        pikas = marshalled(spec.Basic.Publish(exchange=exchange, routing_key=key, mandatory=True), channel)
        assert frames.publish(channel, exchange.encode(), key.encode()) == pikas


def test_the_frames_that_settle_a_delivery_are_pikas() -> None:
    for channel, tag, bit in itertools.product(CHANNELS, TAGS, (False, True)):
        pikas = marshalled(spec.Basic.Ack(delivery_tag=tag, multiple=bit), channel)
        assert frames.ack(channel, tag, multiple=bit) == pikas
        pikas = marshalled(spec.Basic.Reject(delivery_tag=tag, requeue=bit), channel)
        assert frames.reject(channel, tag, requeue=bit) == pikas
        pikas = marshalled(spec.Basic.Nack(tag, multiple=False, requeue=True), channel)
        assert frames.nack(channel, tag) == pikas


@pytest.mark.parametrize("frame_max", [4096, 4097, 131_072])
def test_header_and_body_frames_are_pikas_also_where_a_body_needs_several(frame_max: int) -> None:
    for size, properties, channel in itertools.product(SIZES, PROPERTIES, CHANNELS):
        ours = b"".join(frames.content(channel, payload.encode(properties), noise(size), frame_max))
        assert ours == content(channel, properties, noise(size), frame_max), (size, properties, channel)


def test_the_properties_of_a_message_that_has_no_others_are_pikas() -> None:
    for message_id, expiration in itertools.product(["m", "é" * 20, "i" * 255], ["", "0", "60000", "4294967295"]):
        pikas = pika.BasicProperties(delivery_mode=2, message_id=message_id, expiration=expiration or None)
        assert frames.properties(message_id.encode(), expiration.encode()) == b"".join(pikas.encode())


def test_properties_that_are_decoded_are_those_that_were_encoded() -> None:
    for properties in PROPERTIES:
        assert payload.decode(payload.encode(properties)) == properties


# what is received


class Sink:
    """Writes down what a channel hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def confirmed(self, tag: int, multiple: bool) -> None:
        self.heard.append(("ack", tag, multiple))

    def nacked(self, tag: int, multiple: bool) -> None:
        self.heard.append(("nack", tag, multiple))

    def delivered(self, tag: int, redelivered: bool, routing: bytes, properties: bytes, body: bytes) -> None:
        self.heard.append(("deliver", tag, redelivered, routing, payload.decode(properties), body))


class Deaf(Wire):
    """A wire that is connected to nothing, and writes down the frames that it leaves to pika."""

    def __init__(self) -> None:
        self.loop = IOLoop()
        super().__init__(pika.ConnectionParameters(), custom_ioloop=self.loop, internal_connection_workflow=False)
        self._opened = True
        self.left: list[bytes] = []

    def _process_frame(self, frame_value: pika_frame.Frame) -> None:
        self.left.append(frame_value.marshal())


@pytest.fixture
def wire() -> Iterator[Deaf]:
    found = Deaf()
    yield found
    found.loop.close()


def delivery(channel: int, tag: int, body: bytes, properties: pika.BasicProperties, frame_max: int = 4096) -> bytes:
    """Return a delivery as the broker sends it; pika makes the frames."""
    method = spec.Basic.Deliver("consumer-tag", tag, redelivered=tag % 2 == 0, exchange="ex", routing_key=f"key{tag}")
    return marshalled(method, channel) + content(channel, properties, body, frame_max)


def returned(channel: int, body: bytes) -> bytes:
    method = spec.Basic.Return(312, "NO_ROUTE", "ex", "nowhere")
    return marshalled(method, channel) + content(channel, pika.BasicProperties(message_id="r"), body, 4096)


HEARTBEAT = pika_frame.Heartbeat().marshal()
STREAM = b"".join([
    delivery(1, 1, b"", PROPERTIES[0]), HEARTBEAT, delivery(1, 2, b"x" * 30, PROPERTIES[4]),
    marshalled(spec.Basic.Ack(7, multiple=True), 2), marshalled(spec.Basic.Nack(8, multiple=True), 2),
    marshalled(spec.Basic.Ack(2**40), 2), marshalled(spec.Basic.Nack(2**33), 2), returned(2, b"back"),
    delivery(3, 1, b"for another channel", PROPERTIES[1]), marshalled(spec.Basic.CancelOk("consumer-tag"), 1),
    delivery(1, 2**50, noise(40), PROPERTIES[5]), marshalled(spec.Channel.Close(404, "NOT_FOUND", 50, 10), 1),
])  # fmt: skip


def decoded(stream: bytes) -> tuple[dict[int, list[tuple[object, ...]]], list[bytes]]:
    """Return what pika reads: for channels 1 and 2 what their sinks have to hear, and all other frames."""
    heard: dict[int, list[tuple[object, ...]]] = {1: [], 2: []}
    left: list[bytes] = []
    open_now: dict[int, list[object]] = {}
    while stream:
        size, found = pika_frame.decode_frame(stream)
        assert found is not None
        number, method = found.channel_number, getattr(found, "method", None)
        if number not in heard:
            left.append(found.marshal())
        elif isinstance(method, spec.Basic.Ack | spec.Basic.Nack):
            kind = "ack" if isinstance(method, spec.Basic.Ack) else "nack"
            heard[number].append((kind, method.delivery_tag, method.multiple))
        elif isinstance(method, spec.Basic.Deliver):
            open_now[number] = [method, None, b"", 0]
        elif number in open_now and isinstance(found, pika_frame.Header):
            open_now[number][1], open_now[number][3] = found.properties, found.body_size
        elif number in open_now and isinstance(found, pika_frame.Body):
            open_now[number][2] += found.fragment
        else:
            left.append(found.marshal())
        if number in open_now and open_now[number][1] and len(open_now[number][2]) == open_now[number][3]:
            told, properties, body, _ = open_now.pop(number)
            names = (told.exchange.encode(), told.routing_key.encode())
            routing = b"".join(bytes([len(name)]) + name for name in names)
            heard[number].append(("deliver", told.delivery_tag, told.redelivered, routing, properties, body))
        stream = stream[size:]
    return heard, left


def read(wire: Deaf, pieces: Iterable[bytes]) -> tuple[dict[int, list[tuple[object, ...]]], list[bytes]]:
    """Return what the wire makes of the pieces."""
    sinks = {1: Sink(), 2: Sink()}
    wire.sinks.update(sinks)
    for piece in pieces:
        wire._on_data_available(piece)
    return {number: sink.heard for number, sink in sinks.items()}, wire.left


def test_a_stream_cut_anywhere_is_read_as_pika_reads_it(wire: Deaf) -> None:
    wanted = decoded(STREAM)
    assert len(wanted[0][1]) == 3
    assert len(wanted[0][2]) == 4
    for cut in range(len(STREAM) + 1):
        wire.left = []
        assert read(wire, [STREAM[:cut], STREAM[cut:]]) == wanted, cut


def test_a_stream_that_comes_byte_by_byte_is_read_as_pika_reads_it(wire: Deaf) -> None:
    assert read(wire, (STREAM[at : at + 1] for at in range(len(STREAM)))) == decoded(STREAM)


def test_bodies_of_many_frames_in_pieces_of_any_size_are_read_as_pika_reads_them(wire: Deaf) -> None:
    for seed in range(20):
        chance = random.Random(seed)
        stream = b"".join(
            delivery(chance.choice([1, 2]), tag, noise(chance.choice(SIZES)), chance.choice(PROPERTIES))
            + (HEARTBEAT if chance.random() < 0.3 else b"")
            for tag in range(1, 30)
        )
        cuts = [0, *sorted(chance.sample(range(len(stream)), 40)), len(stream)]
        wire.left = []
        assert read(wire, [stream[a:b] for a, b in itertools.pairwise(cuts)]) == decoded(stream), seed


def test_frames_of_two_channels_may_be_mixed(wire: Deaf) -> None:
    """AMQP forbids it within a channel only."""
    both = [delivery(number, number, noise(10_000), PROPERTIES[1]) for number in (1, 2)]
    mixed = []
    while any(both):
        for number, part in enumerate(both):
            size = pika_frame.decode_frame(part)[0]
            mixed.append(part[:size])
            both[number] = part[size:]
    assert read(wire, mixed) == decoded(b"".join(mixed))


def test_what_was_begun_on_a_closed_channel_is_not_continued_on_the_next_of_that_number(wire: Deaf) -> None:
    begun = delivery(1, 1, noise(10_000), PROPERTIES[1])
    read(wire, [begun[:5000]])
    wire._frame_buffer = b""
    wire.forget(1)
    whole = returned(1, b"back") + delivery(1, 1, b"new", PROPERTIES[1])
    assert read(wire, [whole]) == decoded(whole)


def test_a_frame_without_its_end_is_an_error_as_with_pika(wire: Deaf) -> None:
    broken = STREAM[:-1] + b"\x00"
    with pytest.raises(InvalidFrameError):
        read(wire, [broken])
    with pytest.raises(InvalidFrameError):
        decoded(broken)


def test_the_bytes_received_are_counted_since_the_heartbeats_depend_on_it(wire: Deaf) -> None:
    before = wire.bytes_received
    read(wire, [STREAM[:100], STREAM[100:]])
    assert wire.bytes_received - before == len(STREAM)


def test_before_the_connection_is_open_all_is_left_to_pika(wire: Deaf) -> None:
    wire._opened = False
    tune = marshalled(spec.Connection.Tune(2047, 131_072, 60), 0)
    heard, left = read(wire, [tune, marshalled(spec.Basic.Ack(1), 1)])
    assert (heard[1], left) == ([], [tune, marshalled(spec.Basic.Ack(1), 1)])


# what is not public in pika


def private_names(path: Path) -> tuple[set[str], set[str]]:
    """Return the names with an underscore that a file uses, and those that it makes."""
    used, made = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            used.add(node.attr)
        elif isinstance(node, ast.Attribute):
            made.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pika"):
            used |= {part for alias in node.names for part in [alias.name, *(node.module or "").split(".")]}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
    return tuple({name for name in names if name.startswith("_") and name[1] != "_"} for names in (used, made))


PRIVATE = {
    "_AsyncPlaintextTransport", "_sock", "_transport", "_adapter_emit_data", "_MAX_RECV_BYTES",
    "_proto_connection_made", "_on_data_available", "_opened", "_frame_buffer", "_process_frame", "_terminate_stream",
}  # fmt: skip
"""What lapinmq/wire.py uses of pika that pika does not promise; each has a test below."""


def test_what_is_private_in_pika_is_used_in_one_file_only() -> None:
    files = {path.stem: private_names(path) for path in (ROOT / "lapinmq").glob("*.py")}
    assert len(files) > 20
    ours = set().union(*(made for name, (_, made) in files.items() if name != "wire"))
    assert {name: used - ours for name, (used, _) in files.items() if name != "wire" and used - ours} == {}
    used, made = files["wire"]
    inherited = {name for name in made if hasattr(SelectConnection, name)} | {"_frame_buffer", "_MAX_RECV_BYTES"}
    assert (used - made) | inherited == PRIVATE


def words(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_pikas_private_parts_have_the_signatures_that_are_built_on() -> None:
    assert words(SelectConnection._on_data_available) == ["self", "data_in"]
    assert words(SelectConnection._process_frame) == ["self", "frame_value"]
    assert words(SelectConnection._adapter_emit_data) == ["self", "data"]
    assert words(SelectConnection._proto_connection_made) == ["self", "transport"]
    assert words(SelectConnection._terminate_stream) == ["self", "error"]
    assert words(io_services_utils._AsyncPlaintextTransport.__init__) == ["self", "sock", "protocol", "nbio"]
    assert words(io_services_utils._AsyncPlaintextTransport.write) == ["self", "data"]
    assert words(pika_frame.decode_frame) == ["data_in"]


def test_pika_keeps_what_is_built_on_where_it_is_looked_for(wire: Deaf) -> None:
    assert wire._frame_buffer == b""
    assert wire._opened is True
    assert wire._transport is None
    assert (wire.bytes_sent, wire.bytes_received, wire.params.frame_max) == (0, 0, 131_072)
    assert io_services_utils._AsyncPlaintextTransport._MAX_RECV_BYTES == 4096


def test_pikas_transport_reads_as_much_as_it_is_told_and_its_socket_is_where_it_is_looked_for(wire: Deaf) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        made = pika.adapters.utils.selector_ioloop_adapter.SelectorIOServicesAdapter(wire.loop)
        transport = io_services_utils._AsyncPlaintextTransport(ours, Quiet(), made)
        assert transport._sock is ours
        assert transport.get_write_buffer_size() == 0
        transport.write(b"x" * 5000)
        assert transport.get_write_buffer_size() == 5000, "it is a queue; the loop sends"


class Quiet(base_connection.nbio_interface.AbstractStreamProtocol):
    """A protocol that does nothing."""

    connection_made = connection_lost = eof_received = data_received = lambda *_: None


def test_pika_reads_a_stream_by_the_steps_that_the_wire_takes_in_its_place() -> None:
    """Where one of these is changed, compare Wire._on_data_available with pika's anew."""
    source = inspect.getsource(pika_connection.Connection._on_data_available).partition('"""')[2].partition('"""')[2]
    assert "".join(source.split()) == (
        "self._frame_buffer+=data_inwhileself._frame_buffer:consumed_count,frame_value=self._read_frame()"
        "ifnotframe_value:returnself._trim_frame_buffer(consumed_count)self._process_frame(frame_value)"
    )
    source = inspect.getsource(pika_connection.Connection._trim_frame_buffer)
    assert "self.bytes_received += byte_count" in source
    assert "self._transport = transport" in inspect.getsource(SelectConnection._proto_connection_made)


def test_a_closed_loop_of_pika_lets_callbacks_go_or_raises_what_the_link_expects() -> None:
    loop = IOLoop()
    loop.close()
    with contextlib.suppress(AttributeError, OSError):
        loop.add_callback_threadsafe(lambda: pytest.fail("it runs"))


# both ways on a broker


@pytest.mark.parametrize("frame_max", [8192, 131_072])
def test_bodies_of_any_size_arrive_as_they_were_sent(broker, vhost: str, plain, held, frame_max: int) -> None:
    where = broker.parameters(vhost)
    where.frame_max = frame_max
    own = Connection([where])
    sizes = [0, 1, frame_max - 9, frame_max - 8, frame_max - 7, 3 * frame_max, 5_000_000, 5_000_001, 5_000_002]
    plain.queue_declare("q", durable=True)
    got: list[bytes] = []

    def task(message: Message) -> MessageStatus:
        got.append(message.body)
        return MessageStatus.SUCCESS

    with Publisher("async", connection=own) as publisher, Consumer("q", task, connection=own):
        for size in sizes:  # the large ones are more than the socket takes at once
            publisher.send_message_to_queue("q", noise(size))
        publisher.flush()
        until(lambda: len(got), len(sizes))
    assert got == [noise(size) for size in sizes]
    assert held("q") == (0, 0, 0)
