"""The lessons' scripts do what their chapters say. `pytest --work DIR -m chapter5` checks a student's consumer2.py.

They run as a learner runs them, in terminals and in the folder of `--work`; the broker is asked what they left.
"""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import Stopwatch, run, until

from chapters.playing import insist
from chapters.terminal import WINDOWS, Terminal

Open = Callable[[], Terminal]
Held = Callable[[str], tuple[int, int | None, int]]

INTERRUPTED = 1 if WINDOWS else -signal.SIGINT
WORDS = "goodbye cruel world I am leaving you today"
CONSUMERS = [
    pytest.param("consumer1.py", marks=pytest.mark.chapter4),
    pytest.param("consumer2.py", marks=pytest.mark.chapter5),
    pytest.param("consumer3.py", marks=pytest.mark.chapter6),
]


def taken(plain, queue: str = "my_queue") -> list[bytes]:
    """Take all that waits on the queue."""
    return [body for _, _, body in iter(lambda: plain.basic_get(queue, auto_ack=True), (None, None, None))]


def shown(terminal: Terminal, count: int | None = None) -> list[str]:
    """Return the terminal's next lines, all up to the command's end without a count."""
    lines = []
    while count is None or len(lines) < count:
        line = terminal.line()
        if line is None:
            break
        lines.append(line)
    return lines


def ran(terminal: Terminal, command: str) -> list[str]:
    """Type a command that ends by itself, well; return what it showed."""
    terminal.type(command)
    lines = shown(terminal)
    assert terminal.status == 0, lines
    return lines


def interrupted(terminal: Terminal) -> list[str]:
    """Press Ctrl+C, which has to end the command at once; return what it showed from then on."""
    watch = Stopwatch()
    terminal.interrupt()
    lines = shown(terminal)
    seconds = watch.seconds()
    assert seconds < 5, f"Ctrl+C ended it after {seconds:.1f} s: something in it holds Ctrl+C back"
    assert terminal.status == INTERRUPTED, f"Ctrl+C ended it with status {terminal.status}: {lines}; catch it nowhere"
    return lines


# the producer


@pytest.mark.chapter3
def test_the_producer_puts_each_argument_on_my_queue_in_order(terminal: Open, plain) -> None:
    assert ran(terminal(), "python producer.py Hello world 'two words' '' grüße") == []
    assert taken(plain) == [b"Hello", b"world", b"two words", b"", "grüße".encode()]


@pytest.mark.chapter3
def test_what_the_producer_sent_is_persistent_on_a_durable_queue(terminal: Open, plain) -> None:
    ran(terminal(), "python producer.py Hello")
    plain.queue_declare("my_queue", durable=True)  # raises where it was declared otherwise
    assert plain.basic_get("my_queue", auto_ack=True)[1].delivery_mode == 2


@pytest.mark.chapter3
@pytest.mark.skipif(WINDOWS, reason="arguments are text on Windows")
def test_an_argument_that_is_not_utf_8_arrives_byte_by_byte(work: Path, vhost: str, plain) -> None:
    assert run(work, "producer.py", b"caf\xe9").returncode == 0
    assert taken(plain) == [b"caf\xe9"]


# the consumers


@pytest.mark.chapter4
def test_consumer1_shows_every_message_and_acknowledges_none(terminal: Open, held: Held, plain) -> None:
    ran(terminal(), "python producer.py a b c")
    consumer = terminal()
    consumer.type("python consumer1.py")
    assert shown(consumer, 4) == ["Starting consumer.", "a", "b", "c"]
    until(lambda: held("my_queue"), (0, 3, 1))
    assert interrupted(consumer) == []
    until(lambda: held("my_queue"), (3, 0, 0))
    method, _, body = plain.basic_get("my_queue")
    assert (method.redelivered, body) == (True, b"a")


@pytest.mark.chapter4
def test_twenty_restarts_of_consumer1_lose_nothing(terminal: Open, held: Held, plain) -> None:
    words = list("abcde")
    ran(terminal(), f"python producer.py {' '.join(words)}")
    consumer = terminal()
    for _ in range(20):
        consumer.type("python consumer1.py")
        assert shown(consumer, 6) == ["Starting consumer.", *words]
        assert interrupted(consumer) == []
    until(lambda: held("my_queue"), (5, 0, 0))
    assert taken(plain) == [word.encode() for word in words]


@pytest.mark.chapter5
def test_consumer2_shows_every_message_once_and_leaves_nothing(terminal: Open, held: Held) -> None:
    ran(terminal(), "python producer.py a b c")
    consumer = terminal()
    consumer.type("python consumer2.py")
    assert shown(consumer, 4) == ["Starting consumer.", "a", "b", "c"]
    until(lambda: held("my_queue"), (0, 0, 1))
    assert interrupted(consumer) == []
    until(lambda: held("my_queue"), (0, 0, 0))


@pytest.mark.chapter6
def test_consumer3_halts_on_the_poison_pill_and_acknowledges_that_too(terminal: Open, held: Held) -> None:
    ran(terminal(), "python producer.py Hello world HALT")
    assert ran(terminal(), "python consumer3.py") == [
        "Starting consumer.",
        "Hello",
        "world",
        "Halting the consumer.",
        "Consumer has terminated.",
    ]
    until(lambda: held("my_queue"), (0, 0, 0))


@pytest.mark.chapter6
def test_consumer3_leaves_what_comes_after_the_poison_pill_to_the_next(terminal: Open, held: Held, plain) -> None:
    ran(terminal(), "python producer.py HALT next last")
    assert "next" not in ran(terminal(), "python consumer3.py")
    until(lambda: held("my_queue"), (2, 0, 0))
    assert taken(plain) == [b"next", b"last"]


@pytest.mark.parametrize("script", CONSUMERS)
def test_ctrl_c_ends_a_consumer_that_waits_without_another_word(terminal: Open, held: Held, script: str) -> None:
    consumer = terminal()
    consumer.type(f"python {script}")
    assert shown(consumer, 1) == ["Starting consumer."]
    until(lambda: held("my_queue"), (0, 0, 1))
    assert interrupted(consumer) == []
    until(lambda: held("my_queue"), (0, 0, 0))


@pytest.mark.parametrize("script", [pytest.param("producer.py", marks=pytest.mark.chapter3), *CONSUMERS])
def test_ctrl_c_ends_a_script_that_waits_for_the_broker_to_answer(terminal: Open, monkeypatch, script: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("RABBITMQ_URL", f"amqp://127.0.0.1:{silent.getsockname()[1]}")
        waiting = terminal()
        waiting.type(f"python {script} x")
        silent.settimeout(10)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"AMQP"
            assert interrupted(waiting) == []


# the work flows


@pytest.mark.chapter7
def test_workflow_passes_the_words_and_the_poison_pill_through_both_stages(terminal: Open, held: Held) -> None:
    ran(terminal(), "python producer.py hello world HALT")
    lines = ran(terminal(), "python workflow.py")
    insist(
        [
            "Printer starting", "ToUpper starting", "HELLO", "WORLD", "Halting worker ToUpper", "ToUpper halted.",
            "Halting consumer Printer", "Printer halted.",
        ],
        lines,
    )  # fmt: skip
    assert held("my_queue") == held("upper") == (0, 0, 0)


@pytest.mark.chapter8
def test_workflow2_prints_each_word_once_and_its_printers_take_turns(terminal: Open, held: Held) -> None:
    ran(terminal(), f"python producer.py {WORDS}")
    flow = terminal()
    flow.type("python workflow2.py")
    lines = shown(flow, 19)
    words = WORDS.split()
    assert [line for line in lines if line.startswith("T1: ")] == [f"T1: {word}" for word in words]
    printed = [line.split(": ") for line in lines if line.startswith("P") and ": " in line]
    assert sorted(word for _, word in printed) == sorted(word.upper() for word in words)
    printer = {word: name for name, word in printed}
    first, second = printer["GOODBYE"], printer["CRUEL"]
    assert {first, second} == {"P1", "P2"}
    assert [printer[word.upper()] for word in words] == [first, second] * 4
    until(lambda: (held("my_queue"), held("upper")), ((0, 0, 1), (0, 0, 2)))
    assert interrupted(flow) == []


@pytest.mark.parametrize(
    ("script", "stages", "printers"),
    [
        pytest.param("workflow.py", {"Printer", "ToUpper"}, 1, marks=pytest.mark.chapter7),
        pytest.param("workflow2.py", {"P1", "P2", "T1"}, 2, marks=pytest.mark.chapter8),
    ],
)
def test_ctrl_c_ends_a_work_flow_whose_threads_wait(
    terminal: Open, held: Held, script: str, stages: set[str], printers: int
) -> None:
    flow = terminal()
    flow.type(f"python {script}")
    assert set(shown(flow, len(stages))) == {f"{stage} starting" for stage in stages}
    until(lambda: (held("my_queue"), held("upper")), ((0, 0, 1), (0, 0, printers)))
    assert interrupted(flow) == []
    until(lambda: (held("my_queue"), held("upper")), ((0, 0, 0), (0, 0, 0)))


@pytest.mark.chapter8
def test_ctrl_c_in_the_middle_of_the_work_gives_the_words_back(terminal: Open, held: Held) -> None:
    ran(terminal(), "python producer.py one two")
    flow = terminal()
    flow.type("python workflow2.py")
    assert "T1: one" in shown(flow, 4)
    interrupted(flow)
    until(lambda: held("my_queue")[0] + held("upper")[0], 2)


@pytest.mark.chapter9
def test_one_poison_pill_leaves_one_printer_and_the_one_liner_ends_it(terminal: Open, held: Held) -> None:
    ran(terminal(), "python producer.py HALT")
    flow = terminal()
    flow.type("python workflow2.py")
    lines = set(shown(flow, 7))
    (left,) = (name for name in ("P1", "P2") if f"{name} halted." not in lines)
    assert {"Halting worker T1", "T1 halted."} < lines
    until(lambda: held("upper"), (0, 0, 1))
    ran(terminal(), """python -c "from rabbit import MessageQueue; MessageQueue('upper').publish('HALT')" """)
    assert shown(flow) == [f"Halting consumer {left}", f"{left} halted."]
    assert flow.status == 0
    until(lambda: held("upper"), (0, 0, 0))


FAILING = """
import threading
from endings import wait
from rabbit import Consumer, Worker


class Failing({kind}):
    def work(self, message):
        raise ValueError('no such word: ' + message)


stage = Failing('Fred', {queues})
"""
IN_ITS_THREAD = "threading.Thread(target=stage.start, name=stage.name, daemon=True).start(); wait(stage)"


@pytest.mark.chapter7
@pytest.mark.parametrize("begin", ["stage.start()", IN_ITS_THREAD], ids=["alone", "in a thread"])
@pytest.mark.parametrize(("kind", "queues"), [("Consumer", "'my_queue'"), ("Worker", "'my_queue', 'upper'")])
def test_work_that_raises_ends_the_script_with_one_error_and_gives_the_message_back(
    work: Path, tmp_path: Path, held: Held, begin: str, kind: str, queues: str
) -> None:
    run(work, "producer.py", "x")
    script = tmp_path / "failing.py"
    script.write_text(FAILING.format(kind=kind, queues=queues) + begin, encoding="utf-8")
    ended = run(work, script)
    assert ended.returncode == 1
    assert ended.stdout == "Fred starting\n"
    assert ended.stderr.count("Traceback") == ended.stderr.count("Fred: ") == 1
    assert ended.stderr.endswith(
        "ValueError: no such word: x\n"
        "Fred: the work on 'x' raised ValueError: no such word: x; "
        "the message went back to queue my_queue; mend work(), then run this again\n"
    )
    until(lambda: held("my_queue"), (1, 0, 0))


@pytest.mark.chapter7
def test_work_whose_output_queue_is_gone_ends_with_one_line_and_no_traceback(
    work: Path, tmp_path: Path, held: Held
) -> None:
    run(work, "producer.py", "x")
    script = tmp_path / "homeless.py"
    script.write_text(
        "from rabbit import Worker\n"
        "class Homeless(Worker):\n"
        "    def work(self, message):\n"
        "        self.output.channel.queue_delete('upper')\n"
        "        self.write(message)\n"
        "Homeless('Fred', 'my_queue', 'upper').start()\n",
        encoding="utf-8",
    )
    ended = run(work, script)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("Fred: the work on 'x' raised BrokerError: queue upper at ")
    until(lambda: held("my_queue"), (1, 0, 0))
