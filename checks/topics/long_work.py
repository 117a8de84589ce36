"""10 Long work: the connection answers its heartbeats while the work goes on in another thread."""

import os
from pathlib import Path

from brokers.traffic import Delivery
from checks import expect, stages
from checks.exercise import ROOT, step
from checks.lab import Lab
from checks.mistake import Mistake
from checks.script import Script

FILE = "consumer.py"
READ = "README.md, Troubleshooting, Long work loses the connection"
QUEUE = "jobs"
HEARTBEAT = 1
"""In seconds. With this, RabbitMQ closes a silent connection after 2 to 3 s."""
WORK = 5.0
"""In seconds; longer than the work's own default, so that nobody can wait for a fixed time."""
LOST = 4.2
"""In seconds: so long after its begin the work still goes on, and a silent connection is closed."""
INSIDE = Path(__file__).resolve().parent.parent / "inside"


@step(heartbeat=HEARTBEAT, seconds=40)
def the_connection_outlives_the_work(lab: Lab) -> None:
    """Work of 5 s with a heartbeat of 1 s: done once, then acknowledged; the connection is never lost."""
    words = lab.words(2)
    lab.declare(QUEUE)
    script = lab.start(more={"LONG_WORK_SECONDS": str(WORK), "PYTHONPATH": os.pathsep.join([str(INSIDE), str(ROOT)])})
    expect.consumes(lab, script, QUEUE)
    _heartbeat_kept(lab)
    _one_at_a_time(lab)
    lab.publish(QUEUE, *words)
    _begun(lab, script, words[0])
    lab.until(lambda: script.ended or _settled(lab, words[0]), LOST)
    expect.no_auto_ack(lab.deliveries(QUEUE))
    _not_before(lab, words[0])
    _not_lost(lab, script)
    lab.until(lambda: script.ended or _settled(lab, words[0]) or _elsewhere(lab), WORK - LOST + 3)
    _not_before(lab, words[0])
    _not_lost(lab, script)
    _by_the_right_thread(lab)
    _by_the_right_channel(lab)
    expect.acknowledged(lab, script, QUEUE, words[:1], 0.5)
    _begun(lab, script, words[1])
    _not_lost(lab, script)


def _heartbeat_kept(lab: Lab) -> None:
    for each in lab.tap.methods("Connection.TuneOk"):
        agreed = int(each.method.heartbeat)
        if agreed != HEARTBEAT:
            raise Mistake(
                f"The script set the heartbeat to {agreed} s." if agreed else "The heartbeats were switched off.",
                seen=f"the broker proposed {HEARTBEAT} s, and the script answered {agreed}",
                expected="address.parameters() as they are",
                why="Heartbeats tell both sides that the other is gone. Without them, or with rare ones, "
                "a dead consumer keeps its messages for minutes or hours.",
            )


def _one_at_a_time(lab: Lab) -> None:
    limits = [int(each.method.prefetch_count) for each in lab.tap.methods("Basic.Qos")]
    if limits[-1:] != [1]:
        raise Mistake(
            "There is no prefetch limit of 1.",
            seen=f"prefetch_count={limits[-1]}" if limits else "no basic_qos",
            expected="basic_qos(prefetch_count=1)",
            why="The callback returns at once now, so nothing else holds the broker back. "
            "A thousand messages are a thousand threads.",
            read="README.md, chapter 8",
        )


def _begun(lab: Lab, script: Script, word: str) -> None:
    """Wait until the work on the word has begun."""
    begun = lab.until(lambda: script.ended or any(noted.message == word for noted in lab.journal()), 5)
    expect.no_error(script)
    if word in script.output:
        expect.worked(lab, script, [word], 0 if not begun else WORK)
    if not begun or script.ended:
        stages.all_alive(script)
        raise Mistake(
            f"The work on {word!r} was not begun.",
            seen=f"delivered: {' '.join(one.message for one in lab.deliveries(QUEUE)) or expect.NOTHING}; "
            f"the script {'has ended' if script.ended else 'runs'}; its output: {expect.shown(script.output, 3)}",
            expected="work(message) for each message, one after the other",
            why="A consumer goes on with the next message when one is acknowledged.",
        )


def _not_before(lab: Lab, word: str) -> None:
    done = {noted.message for noted in lab.journal() if noted.what == "done"}
    first = next((one for one in _of(lab, word) if one.how == "ack" and one.settled), None)
    if first is not None and first.settled is not None and word not in done:
        raise Mistake(
            "A message was acknowledged before its work was done.",
            seen=f"the ack was sent {first.settled - first.at:.1f} s after the message came; the work takes {WORK:g} s",
            expected="the ack when work(message) has returned, however long it took",
            why="If the consumer crashes in between, the broker has forgotten the message already: it is lost.",
            read="README.md, chapter 5",
        )


def _not_lost(lab: Lab, script: Script) -> None:
    """Raise a Mistake if the broker closed the connection, whatever the script made of that."""
    words = ("StreamLost", "connection was lost", "Stream connection", "ConnectionReset", "ConnectionWrongState")
    told = [line for line in script.errors if any(word in line for word in words)]
    again = [one for one in lab.deliveries(QUEUE) if one.redelivered]
    gone = not script.ended and not lab.consumers(QUEUE)
    if not (told or again or gone) or _elsewhere(lab):
        return
    begun = next((noted.at for noted in lab.journal() if noted.what == "begin"), 0.0)
    since = f"{QUEUE} has lost its consumer"
    if again:
        since = f"{again[0].at - begun:.1f} s after the work began the message was delivered again"
    raise Mistake(
        "The connection was lost during the work: nobody answered the broker's heartbeats.",
        seen=f"the work takes {WORK:g} s, the heartbeat is {HEARTBEAT} s; {since}",
        expected="work() in another thread, so that the connection's own thread goes on serving it",
        why="The broker takes a silent consumer for dead, and gives its message to another one. "
        "The work is done twice, or for ever.",
    )


def _by_the_right_thread(lab: Lab) -> None:
    used = _elsewhere(lab)
    if used:
        raise Mistake(
            "The connection was used in another thread than its own.",
            seen=used[0],
            expected="connection.add_callback_threadsafe(...) with a function that acknowledges: "
            "the connection's own thread will call it",
            why="A connection is for one thread. Two threads on it mix up their bytes. It works for days, "
            "and then messages get lost.",
            read="README.md, Troubleshooting, Two threads share a connection",
        )


def _by_the_right_channel(lab: Lab) -> None:
    delivered = {(one.connection, one.channel) for one in lab.deliveries(QUEUE)}
    for each in lab.tap.methods("Basic.Ack"):
        if (each.connection, each.channel) not in delivered:
            raise Mistake(
                "The ack was sent on another connection or channel than the one that delivered the message.",
                seen=f"delivered on connection and channel {sorted(delivered)[0]}, acknowledged on "
                f"{(each.connection, each.channel)}",
                expected="the ack on the channel that the callback got",
                why="A delivery tag is a number on its own channel. Elsewhere it is unknown, or another message's.",
                read="README.md, Troubleshooting, Acknowledged twice",
            )


def _elsewhere(lab: Lab) -> list[str]:
    return [noted.message for noted in lab.journal() if noted.what == "other thread"]


def _of(lab: Lab, word: str) -> list[Delivery]:
    return [one for one in lab.deliveries(QUEUE) if one.message == word]


def _settled(lab: Lab, word: str) -> bool:
    return any(one.settled for one in _of(lab, word))
