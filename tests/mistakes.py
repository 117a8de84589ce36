"""What a lesson's script has to do at the broker, and the words for it where it does not.

Each claim waits for what the script should do. Where it does not, the check fails with three lines and no traceback:
what was seen, what was expected, and why. The words are here, in one place, since several scripts share most of them.
"""

from typing import Any, NoReturn

import pytest
from watched import Script

from brokers.tap import Seen
from brokers.traffic import Delivery, Publication

QUIET_SECONDS = 0.4
"""How long to look for what must not come."""

PILL = "HALT"


def mistake(seen: str, expected: str, why: str) -> NoReturn:
    """Fail the check with these words."""
    pytest.fail(f"{seen}\n  expected: {expected}\n  why: {why}", pytrace=False)


def listed(words: list[str]) -> str:
    """Return the words as a sentence has them."""
    return ", ".join(repr(word) for word in words) or "nothing"


# the broker and its queues


def finds_the_broker(script: Script) -> None:
    """Insist that it connects to the broker, and opens the vhost, that the environment names."""
    script.comes_to(lambda: script.tap.methods("Connection.Open"))
    if not script.tap.connections:
        mistake(
            f"{script.name} never connected to the broker that RABBITMQ_HOST and RABBITMQ_PORT name{script.last_words}",
            "the address from the environment, as rabbit.py and address.py take it",
            "with the host hard-coded, it runs on one machine only",
        )
    for opened in script.tap.methods("Connection.Open"):
        if opened.method.virtual_host != script.vhost:
            mistake(
                f"{script.name} opened the vhost {opened.method.virtual_host}, not the one that RABBITMQ_VHOST names",
                "the vhost from the environment",
                "with the vhost hard-coded, it meets other people's messages, or none",
            )


def finds_the_queues(script: Script, *names: str) -> None:
    """Insist that it declares these queues, durable."""
    finds_the_broker(script)

    def declared() -> dict[str, bool]:
        found = [each.method for each in script.tap.methods("Queue.Declare") if not each.method.passive]
        return {method.queue: method.durable for method in found}

    script.comes_to(lambda: set(names) <= set(declared()))
    for name in [name for name in names if declared().get(name) is False]:
        mistake(
            f"{script.name} declared the queue {name} without durable=True",
            "a durable queue",
            "any other is gone, with all its messages, when the broker restarts",
        )
    for name in [name for name in names if name not in declared()]:
        others = f"; it declared {listed(sorted(declared()))}" if declared() else ""
        mistake(
            f"{script.name} did not declare the queue {name}{others}{script.last_words}",
            f"the queue {name}",
            "sender and receiver meet at a queue's name, and whoever comes first has to make the queue",
        )


# what is published


def stores_safely(script: Script, queue: str) -> None:
    """Insist that what it published to the queue is persistent, and that the broker confirmed it."""

    def published() -> list[Publication]:
        return [each for each in script.publications if each.routing_key == queue]

    if script.tap.methods("Confirm.Select"):
        script.comes_to(lambda: all(each.confirmed for each in published()))
    for sent in published():
        if (sent.properties.delivery_mode or 1) != 2:
            mistake(
                f"{script.name} published {sent.message!r} as a transient message",
                "delivery_mode=2, a persistent message",
                "a transient message is in memory only, and lost when the broker restarts",
            )
        if sent.confirmed is None:
            mistake(
                f"{script.name} published {sent.message!r} to {queue} without a publisher confirm",
                "confirm_delivery() on the channel, so that publishing returns when the broker has the message",
                "without it the script cannot know whether the message arrived, however long it sleeps",
            )


def sends(script: Script, words: list[str], queue: str) -> None:
    """Insist that each of the words was published to the queue once, as a message of its own, in order."""
    script.ends()
    sent = [each.message for each in script.publications if each.routing_key == queue]
    if sent != words:
        mistake(
            f"{script.name} {' '.join(repr(word) for word in words)}: {_differs(script, sent, words)}; "
            f"on {queue} came {listed(sent)}{script.last_words}",
            "one message for each argument, in their order, and nothing else",
            "a consumer works on one message at a time, and cannot know what was meant otherwise",
        )


def _differs(script: Script, sent: list[str], words: list[str]) -> str:
    """Return in which way other messages were sent than told; the first that holds tells most."""
    first = sent[0] if sent else ""
    ways = {
        "no message was published": not sent,
        "the arguments were joined to one message": len(sent) == 1 and all(word in first for word in words),
        "only the first argument was published": sent == words[:1],
        "the script's own name was published, too": first.endswith(script.name),
        "the arguments were split into words": sent == " ".join(words).split(),
        "the order is not that of the arguments": sorted(sent) == sorted(words),
        "the empty argument was dropped": sent == [word for word in words if word],
        "an argument was changed on its way": len(sent) == len(words),
        "a message was published twice": len(set(sent)) < len(sent),
        "there are other messages than arguments": True,
    }
    return next(way for way, holds in ways.items() if holds)


def says_when_not_stored(script: Script, word: str) -> None:
    """Insist that it fails where the broker refuses what it publishes."""
    if not script.ends():
        _gives_none_back(script, script.deliveries)
        mistake(
            f"the broker refused {word!r}, with a negative acknowledgement, and {script.name} went on as if it had not",
            "an error, and an end with a status that is not 0",
            "an exception that is swallowed is a message that nobody knows to be lost",
        )
    if script.status == 0:
        mistake(
            f"the broker refused {word!r}, with a negative acknowledgement, and {script.name} ended with status 0",
            "an error, and another exit status",
            "an exception that is swallowed is a message that nobody knows to be lost",
        )


def ends_well(script: Script) -> None:
    """Insist that it ends by itself, with status 0 and its connections closed."""
    if not script.ends():
        mistake(
            f"{script.name} does not end",
            "its end, when all is done",
            "a script that waits for nothing keeps its connection, and its terminal",
        )
    if script.status:
        mistake(
            f"{script.name} ended with status {script.status}{script.last_words}",
            "status 0, and no error",
            "other programs see by the status whether a script did its work",
        )
    open_ones = script.tap.connections - len(script.tap.methods("Connection.Close"))
    if open_ones:
        mistake(
            f"{script.name} ended and left {open_ones} of its connections unclosed",
            "close(), or a with statement",
            "the broker cannot tell such an end from a crash, and warns of it in its log",
        )


def says_that_the_broker_is_gone(script: Script) -> None:
    """Cut its connections; insist that it connects again, or ends with an error."""
    before = script.tap.connections
    script.tap.cut()
    script.comes_to(lambda: script.tap.connections > before)
    if script.tap.connections == before and not (script.status or script.errors.strip()):
        does = "runs on without one" if script.status is None else "ended with status 0 and without a word"
        mistake(
            f"the connection to the broker was lost, and {script.name} {does}",
            "an error, and a status that is not 0",
            "where exceptions are swallowed, nobody learns that the messages are not worked on",
        )


# what is consumed


def is_handed(script: Script, words: list[str], queue: str) -> list[Delivery]:
    """Insist that it consumes from the queue, with acknowledgements; return the deliveries of the words."""

    def got() -> list[Delivery]:
        return [each for each in script.deliveries if each.queue == queue and each.message in words]

    script.comes_to(lambda: len(got()) >= len(words) or any(each.auto_ack for each in got()) or fetches(script))
    _consumes(script, queue)
    if any(each.auto_ack for each in got()):
        mistake(
            f"{script.name} consumes from {queue} with auto_ack",
            "auto_ack=False, the default",
            "with auto_ack a message counts as done when it is sent: what a crash finds in hand is lost",
        )
    if len(got()) < len(words):
        limits = [each.method.prefetch_count for each in script.tap.methods("Basic.Qos") if each.method.prefetch_count]
        reason = f", since its prefetch is {limits[0]} and it does not acknowledge" if limits else ""
        mistake(
            f"{len(words)} messages wait on {queue}, and {script.name} was handed {len(got())}{reason}"
            f"{script.last_words}",
            "all of them",
            "the broker hands out no more than the prefetch limit, until one is acknowledged",
        )
    return got()


def fetches(script: Script) -> list[Seen]:
    """Return its calls of basic.get."""
    return script.tap.methods("Basic.Get")


def _consumes(script: Script, queue: str) -> None:
    consuming = [each.method for each in script.tap.methods("Basic.Consume")]
    if fetches(script):
        mistake(
            f"{script.name} asks for messages with basic.get, again and again",
            "basic.consume: the broker hands each message over as soon as it comes",
            "who sleeps between two looks is late, and asks in vain most of the time",
        )
    if queue not in {method.queue for method in consuming}:
        mistake(
            f"{script.name} does not consume from {queue}{script.last_words}",
            f"basic.consume on {queue}",
            "words that are printed and did not come through the queue are no work done",
        )
    if any(method.exclusive for method in consuming):
        mistake(
            f"{script.name} consumes as an exclusive consumer",
            "several consumers that share the queue",
            "an exclusive consumer keeps all others from the queue",
        )


def prints(script: Script, words: list[str], others: list[str]) -> None:
    """Insist that it prints these words, in order, and beside them only such as `others`."""
    script.comes_to(lambda: set(words) <= set(script.texts) or len(script.texts) >= len(words) + len(others))
    shown = script.texts
    for word in words:
        if repr(word.encode()) in shown:
            mistake(
                f"{script.name} printed {word.encode()!r}, which is bytes",
                f"{word}, which is text",
                "a message travels as bytes; decode it before it is shown or compared",
            )
    if PILL in shown:
        mistake(f"{script.name} printed {PILL}", "its own end", "the poison pill is no word to be printed")
    unsaid = [line for line in shown if line not in [*words, *others]]
    if unsaid:
        mistake(
            f"{script.name} printed {listed(unsaid)}, which no message said",
            f"what came: {listed(words)}",
            "output that is hard-coded, or changed, is not the work",
        )
    if [line for line in shown if line in words] != words:
        _gives_none_back(script, [each for each in script.deliveries if each.message in words])
        mistake(
            f"{script.name} was handed {listed(words)} and printed {listed([s for s in shown if s in words])}"
            f"{script.last_words}",
            "each of them once, in order",
            "the work on a message is to print it",
        )


def acknowledges(script: Script, got: list[Delivery]) -> None:
    """Insist that each delivery was acknowledged, once."""
    last = {(each.connection, each.channel, each.tag) for each in got}

    def found() -> list[Delivery]:
        return [each for each in script.deliveries if (each.connection, each.channel, each.tag) in last]

    script.comes_to(lambda: all(each.how for each in found()))
    _gives_none_back(script, found())
    done = [each.message for each in found() if each.how]
    if len(done) < len(got):
        missing = [each.message for each in found() if not each.how]
        mistake(
            f"{script.name} worked on {len(got)} messages and acknowledged {len(done)}; "
            f"without an ack: {listed(missing)}",
            "an ack for each message, after the work",
            "what is not acknowledged stays at the broker, and comes again to the next consumer",
        )
    tags = [(a.connection, a.channel, a.method.delivery_tag) for a in script.tap.methods("Basic.Ack")]
    if len(set(tags)) < len(tags):
        mistake(
            f"{script.name} acknowledged a message twice",
            "one ack for each message",
            "the broker closes the channel on the second",
        )


def _gives_none_back(script: Script, got: list[Delivery]) -> None:
    for each in got:
        if each.how in ("nack", "reject"):
            seen = "gave it back to the queue" if each.requeued else "threw it away"
            why = "it comes back at once, and so for ever" if each.requeued else "the broker drops it: it is lost"
            mistake(f"{script.name} got {each.message!r} and {seen}, with {each.how}", "no nack and no reject", why)


def acknowledges_none(script: Script, got: list[Delivery]) -> None:
    """Insist that it leaves all messages unacknowledged."""
    script.comes_to(lambda: any(each.how for each in script.deliveries), QUIET_SECONDS)
    _gives_none_back(script, script.deliveries)
    acked = [each.message for each in script.deliveries if each.how]
    if acked:
        mistake(
            f"{script.name} acknowledged {len(acked)} of {len(got)} messages",
            "none",
            "this lesson shows what a consumer without acknowledgements does: its messages stay unacknowledged",
        )


def works_first(script: Script, long: str) -> None:
    """Insist that a message whose print is not over yet is not acknowledged; then let it print on."""
    script.comes_to(lambda: script.waits_in_print)
    early = script.comes_to(lambda: any(each.how == "ack" for each in script.deliveries), QUIET_SECONDS)
    if not script.waits_in_print:
        mistake(
            f"{script.name} did not print a message of {len(long):,} characters{script.last_words}",
            "each message, printed",
            "the work on a message is to print it",
        )
    if early:
        mistake(
            f"{script.name} acknowledged a message before the work on it was done: it was not yet printed",
            "first the work, then the ack",
            "a crash between ack and work loses the message: the broker has forgotten it",
        )
    script.read_on()


# the poison pill


def ends_on_the_pill(script: Script) -> None:
    """Insist that it ends when it was handed the pill."""
    if not script.ends():
        mistake(
            f"{script.name} was handed {PILL} and went on",
            f"its end on {PILL}",
            f"a body is bytes: b'{PILL}' == '{PILL}' is False; compare text with text, then stop",
        )


def acknowledges_the_pill(script: Script, queue: str = "my_queue") -> None:
    """Insist that the pill that ended it is acknowledged."""
    pills = [each for each in script.deliveries if each.message == PILL and each.queue == queue]
    if not any(each.how == "ack" for each in pills):
        mistake(
            f"{script.name} ended on {PILL} and did not acknowledge it",
            f"an ack for {PILL}, too",
            "what is not acknowledged goes back to the queue, and there it ends the next consumer at once",
        )


def leaves(script: Script, ready: int, words: list[str], queue: str = "my_queue") -> None:
    """Insist that the words behind the pill are on the queue still, and nothing else."""
    if ready != len(words):
        how = "took what stood behind it" if ready < len(words) else "left more there than stood behind it"
        mistake(
            f"{script.name} ended on {PILL} and {how}: {ready} instead of {len(words)} messages wait on {queue}",
            f"the {len(words)} messages that came after {PILL}",
            f"they are the next consumer's work, and a second {PILL} would end it",
        )


# stages


def passes_on(script: Script, words: list[str], source: str, target: str) -> None:
    """Insist that the words came to `target`, and were acknowledged on `source` only when they were stored there."""
    script.comes_to(lambda: set(words) <= {each.message for each in script.publications})
    sent = [each for each in script.publications if each.routing_key == target]
    missing = [word for word in words if word not in [each.message for each in sent]]
    if missing:
        mistake(
            f"{script.name} published {listed([each.message for each in sent])} to {target}, and not {listed(missing)}"
            f"{script.last_words}",
            f"{listed(words)} on {target}",
            "each stage hands its output to the next one by a queue: what is printed alone is no work flow",
        )
    stores_safely(script, target)
    stored = {each.message: each.confirmed or 0 for each in script.publications if each.routing_key == target}
    for each in [each for each in script.deliveries if each.queue == source and each.how == "ack"]:
        if each.settled is not None and each.settled < stored.get(each.message.upper(), 0):
            mistake(
                f"{script.name} acknowledged {each.message!r} on {source} before its output was stored on {target}",
                "publish, wait for the confirm, then ack",
                "a crash between the two loses the word: it is on neither queue",
            )


def passes_the_pill_on(script: Script, target: str) -> None:
    """Insist that, when the stage before has acknowledged its pill, one pill came to `target`."""
    script.comes_to(lambda: any(d.message == PILL and d.how and d.queue != target for d in script.deliveries))
    pills = [each for each in script.publications if each.message == PILL and each.routing_key == target]
    if len(pills) != 1:
        mistake(
            f"{script.name} passed {PILL} on to {target} {len(pills)} times",
            f"one {PILL} in, one {PILL} out",
            "without it the next stage waits for ever; one too many ends the next work flow",
        )


def has_a_connection_for_each(script: Script, consumers: int) -> None:
    """Insist that no two consumers share a connection."""
    script.comes_to(lambda: len(_consumers(script)) >= consumers)
    found = [each.connection for each in _consumers(script)]
    if len(found) < consumers:
        mistake(
            f"{script.name} has {len(found)} consumers{script.last_words}",
            f"{consumers}, one in each thread",
            "stages that do not run at the same time wait for each other",
        )
    if len(set(found)) < len(found):
        mistake(
            f"{script.name} has {len(found)} consumers on one connection",
            "a connection for each thread",
            "pika's connection is for one thread: two lose each other's frames",
        )


def _consumers(script: Script) -> list[Any]:
    return script.tap.methods("Basic.Consume")


def takes_one_at_a_time(script: Script, queue: str) -> None:
    """Insist that no consumer of the queue held two messages at once."""
    found = [each for each in script.deliveries if each.queue == queue]
    for each in found:
        place = (each.connection, each.channel)
        held = [o for o in found if (o.connection, o.channel) == place and o.at <= each.at]
        held = [o for o in held if o.settled is None or o.settled > each.at]
        if len(held) > 1:
            mistake(
                f"{script.name}: one consumer of {queue} held {len(held)} messages at once",
                "a prefetch of 1",
                "without that limit one consumer hoards what another, which is free, could do",
            )
