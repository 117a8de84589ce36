"""The lessons' scripts, seen at the broker: a failed check here names the mistake, and says why it is one.

`pytest --work DIR -m chapter5` runs those of consumer2.py. Each runs the script on a tap, with words of that run only.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from mistakes import (
    PILL,
    acknowledges,
    acknowledges_none,
    acknowledges_the_pill,
    ends_on_the_pill,
    ends_well,
    finds_the_queues,
    has_a_connection_for_each,
    is_handed,
    leaves,
    mistake,
    passes_on,
    passes_the_pill_on,
    prints,
    says_that_the_broker_is_gone,
    says_when_not_stored,
    sends,
    stores_safely,
    takes_one_at_a_time,
    works_first,
)
from waiting import until
from watched import Script

import brokers.queues
from brokers.broker import Broker
from brokers.management import Management
from brokers.tap import Tap

Start = Callable[..., Script]

FIRST, LAST, HALTING = "Starting consumer.", "Consumer has terminated.", "Halting the consumer."
LONG = "x" * 1_000_000
"""More than a pipe holds, so that who prints it waits."""

ACKNOWLEDGING = [
    pytest.param("consumer2.py", marks=pytest.mark.chapter5),
    pytest.param("consumer3.py", marks=pytest.mark.chapter6),
]
CONSUMERS = [pytest.param("consumer1.py", marks=pytest.mark.chapter4), *ACKNOWLEDGING]
FLOWS = [
    pytest.param("workflow.py", 2, marks=pytest.mark.chapter7),
    pytest.param("workflow2.py", 3, marks=pytest.mark.chapter8),
]


@pytest.fixture
def start(broker: Broker, vhost: str, work: Path) -> Iterator[Start]:
    """Start scripts of the work folder on a tap; they are ended after the test."""
    tap, started = Tap(broker.host, broker.port), list[Script]()

    def begin(name: str, *words: str, room: int | None = None) -> Script:
        if not (work / name).exists():
            mistake(f"there is no {name} in {work}", f"the file {name}", "the checks run it as you do")
        started.append(Script(tap, work, name, *words, room=room))
        return started[-1]

    yield begin
    for each in started:
        each.close()
    tap.close()


@pytest.fixture
def put(plain) -> Callable[..., None]:
    """Put words on a queue with plain pika, whatever the student's producer does."""

    def publish(*words: str, queue: str = "my_queue") -> None:
        plain.queue_declare(queue, durable=True)
        for word in words:
            plain.basic_publish("", queue, word.encode())

    return publish


@pytest.fixture
def full(broker: Broker, vhost: str) -> Callable[[str], None]:
    """Have the broker refuse what is published to a queue, by a negative acknowledgement."""

    def fill(queue: str) -> None:
        management = Management(broker)
        policy = {"pattern": f"^{queue}$", "definition": {"max-length": 0, "overflow": "reject-publish"}}
        path = f"{management.root}/policies/{vhost}/full"
        requests.put(path, json=policy, auth=management.login, timeout=90).raise_for_status()

    return fill


@pytest.fixture
def waiting(broker: Broker, vhost: str) -> Callable[[str], int]:
    """Return how many messages a queue holds, once nobody consumes from it."""

    def count(name: str) -> int:
        def look() -> brokers.queues.Queue:
            return next(queue for queue in brokers.queues.look(broker, vhost) if queue.name == name)

        until(lambda: (look().consumers, look().unacknowledged), (0, 0))
        return look().ready

    return count


def words(count: int) -> list[str]:
    """Return words that no script can know."""
    return [f"word-{uuid.uuid4().hex[:8]}" for _ in range(count)]


# the producer


@pytest.mark.chapter3
def test_the_producer_publishes_each_argument_safely_and_ends(start: Start) -> None:
    first, last = words(2)
    arguments = [first, "two words", "", "grüße", last]
    script = start("producer.py", *arguments)
    finds_the_queues(script, "my_queue")
    sends(script, arguments, "my_queue")
    stores_safely(script, "my_queue")
    ends_well(script)
    prints(script, [], [])


@pytest.mark.chapter3
def test_the_producer_fails_where_the_broker_does_not_store_a_message(start: Start, put, full) -> None:
    put()
    full("my_queue")
    says_when_not_stored(start("producer.py", "refused"), "refused")


# the consumers


@pytest.mark.chapter4
def test_consumer1_prints_what_came_and_leaves_it_unacknowledged(start: Start, put) -> None:
    sent = words(3)
    put(*sent)
    script = start("consumer1.py")
    finds_the_queues(script, "my_queue")
    got = is_handed(script, sent, "my_queue")
    prints(script, sent, [FIRST])
    acknowledges_none(script, got)


@pytest.mark.chapter5
def test_consumer2_prints_what_came_and_acknowledges_it(start: Start, put) -> None:
    sent = words(3)
    put(*sent)
    script = start("consumer2.py")
    finds_the_queues(script, "my_queue")
    got = is_handed(script, sent, "my_queue")
    acknowledges(script, got)
    prints(script, sent, [FIRST])


@pytest.mark.chapter6
def test_consumer3_ends_on_the_pill_acknowledges_it_and_leaves_what_stands_behind(start: Start, put, waiting) -> None:
    sent, later = [*words(2), "HALTING"], words(3)
    put(*sent, PILL, *later)
    script = start("consumer3.py")
    finds_the_queues(script, "my_queue")
    got = is_handed(script, sent, "my_queue")
    ends_on_the_pill(script)
    prints(script, sent, [FIRST, HALTING, LAST])
    acknowledges(script, got)
    acknowledges_the_pill(script)
    leaves(script, waiting("my_queue"), later)
    if script.status or script.texts[-2:] != [HALTING, LAST]:
        mistake(
            f"{script.name} ended with status {script.status}, and its last lines are {script.texts[-2:]}",
            f"status 0, after the lines {HALTING!r} and {LAST!r}",
            "stop() lets start() return, so that the script comes to its own end; an exit in the callback does not",
        )


@pytest.mark.parametrize("name", ACKNOWLEDGING)
def test_a_message_is_acknowledged_after_it_is_printed(start: Start, put, name: str) -> None:
    put(LONG)
    works_first(start(name, room=100), LONG)


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_consumer_that_loses_its_connection_says_so(start: Start, name: str) -> None:
    script = start(name)
    script.comes_to(lambda: script.tap.methods("Basic.ConsumeOk", up=False))
    says_that_the_broker_is_gone(script)


# the work flows


@pytest.mark.chapter7
def test_workflow_hands_each_word_and_the_pill_on_by_the_queue_upper(start: Start, put, waiting) -> None:
    sent, later = words(2), words(1)
    script = start("workflow.py")
    upper = [word.upper() for word in sent]
    finds_the_queues(script, "my_queue", "upper")
    has_a_connection_for_each(script, 2)
    put(*sent, PILL, *later)
    got = is_handed(script, sent, "my_queue")
    passes_on(script, upper, "my_queue", "upper")
    acknowledges(script, got)
    passes_the_pill_on(script, "upper")
    acknowledges(script, is_handed(script, upper, "upper"))
    ends_on_the_pill(script)
    acknowledges_the_pill(script)
    acknowledges_the_pill(script, "upper")
    said = ["Printer starting", "ToUpper starting", "Halting worker ToUpper", "ToUpper halted."]
    prints(script, upper, [*said, "Halting consumer Printer", "Printer halted."])
    leaves(script, waiting("my_queue"), later)
    leaves(script, waiting("upper"), [], "upper")
    ends_well(script)


@pytest.mark.chapter8
def test_workflow2_shares_the_words_out_one_at_a_time(start: Start, put) -> None:
    (sent,), ready = words(1), [word.upper() for word in words(4)]
    put(*ready, queue="upper")
    put(sent)
    script = start("workflow2.py")
    finds_the_queues(script, "my_queue", "upper")
    has_a_connection_for_each(script, 3)
    is_handed(script, ready[:2], "upper")
    printed = [f"{name}: {word}" for name in ("P1", "P2") for word in ready]
    script.comes_to(lambda: len(set(printed) & set(script.texts)) >= 2)
    is_handed(script, [sent], "my_queue")
    takes_one_at_a_time(script, "upper")
    acknowledges_after_the_work(script, ready)
    prints_in_turn(script, ready, [f"T1: {sent}", *printed])
    passes_on(script, [sent.upper()], "my_queue", "upper")


def prints_in_turn(script: Script, ready: list[str], known: list[str]) -> None:
    """Insist that both Printers print, and each word once, with their names."""
    lines = [line for line in script.texts if not line.endswith(" starting")]
    unknown = [line for line in lines if line not in known]
    if unknown:
        mistake(
            f"{script.name} printed {unknown}, which no message said",
            "lines such as T1: word and P1: WORD, of words that came",
            "output that is hard-coded is not the work",
        )
    shown = [line.split(": ")[1] for line in lines if line.startswith("P")]
    printers = {line.split(": ")[0] for line in lines if line.startswith("P")}
    first = [next((each.at for each in script.lines if each.text.startswith(name)), 0) for name in ("P1: ", "P2: ")]
    if len(set(shown)) < len(shown) or printers != {"P1", "P2"} or abs(first[0] - first[1]) > 1.7:
        mistake(
            f"{script.name}: of two words on upper, {sorted(printers) or 'nobody'} printed {shown}{script.last_words}",
            "P1 prints one, and P2 the other, at the same time",
            "two Printers share a queue so that each takes what it has time for, once",
        )


def acknowledges_after_the_work(script: Script, ready: list[str]) -> None:
    """Insist that what takes two seconds is acknowledged after them."""
    printed = {line.text.split(": ")[-1]: line.at for line in list(script.lines) if line.text.startswith("P")}
    done = [each for each in script.deliveries if each.message in ready and each.message in printed]
    for each in done:
        early = printed[each.message] - (each.settled or printed[each.message])
        if early > 0.5:
            mistake(
                f"{script.name} acknowledged {each.message!r} before the work on it was done: "
                f"{early:.1f} s before it was printed",
                "first the work, then the ack",
                "a crash in these seconds loses the word: the broker has forgotten it",
            )
    acknowledges(script, done)


@pytest.mark.chapter9
def test_workflow2_passes_one_pill_on_which_ends_one_printer(start: Start, put) -> None:
    put(PILL)
    script = start("workflow2.py")
    finds_the_queues(script, "my_queue", "upper")
    passes_the_pill_on(script, "upper")
    acknowledges(script, is_handed(script, [PILL], "my_queue"))
    acknowledges(script, is_handed(script, [PILL], "upper"))
    (last,) = words(1)
    script.comes_to(lambda: len(halted(script)) >= 2)
    put(last, queue="upper")  # for the Printer that is left
    if not script.comes_to(lambda: any(line.endswith(last) for line in script.texts)) or len(halted(script)) != 2:
        mistake(
            f"one {PILL} came, and in {script.name} these stages halted: {halted(script)}{script.last_words}",
            "T1 and one Printer; the other Printer works on, and waits for a pill of its own",
            "each pill is taken by one consumer, and is gone then",
        )


def halted(script: Script) -> list[str]:
    """Return the stages that say that they halted."""
    return sorted(line.removesuffix(" halted.") for line in script.texts if line.endswith(" halted."))


@pytest.mark.parametrize(("name", "stages"), FLOWS)
def test_a_word_whose_output_is_refused_is_not_lost(start: Start, put, full, waiting, name: str, stages: int) -> None:
    put(queue="upper")
    full("upper")
    put("refused")
    script = start(name)
    finds_the_queues(script, "my_queue", "upper")
    says_when_not_stored(script, "REFUSED")
    if waiting("my_queue") != 1:
        mistake(
            f"{script.name} acknowledged 'refused', though the broker did not store 'REFUSED' on upper",
            "the word back on my_queue",
            "output first, then the ack; else a word that cannot be passed on is lost",
        )


@pytest.mark.parametrize(("name", "stages"), FLOWS)
def test_a_work_flow_that_loses_its_connections_says_so(start: Start, name: str, stages: int) -> None:
    script = start(name)
    script.comes_to(lambda: len(script.tap.methods("Basic.ConsumeOk", up=False)) >= stages)
    says_that_the_broker_is_gone(script)
