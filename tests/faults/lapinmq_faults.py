"""The faults of a broker and of the way to it, each struck while publishers and consumers work.

Each function plays one on a stage and returns what became of the messages. None asks anything of the client, so that
one which ends or hangs has its result, too.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import psutil
from cluster import Cluster
from lapinmq_client import Driver, met
from lapinmq_load import KINDS, Load, Result, now, play
from lapinmq_stage import Stage
from pika.exceptions import ChannelClosedByBroker
from proxy import Proxy

from brokers import record
from brokers.container import Container
from brokers.management import Management
from brokers.node import Node

LINGERING = (("async", "linger"), ("sync", "linger"))
"""Loads whose consumers are slower than their publishers."""

HELD = 100
"""Seconds; RabbitMQ 4.3 holds what it delivered through a node that is gone for 60, unless the queue asks for less."""

Case = Callable[[Stage], list[Result]]


def killed_broker(stage: Stage) -> list[Result]:
    """kill -9 of the broker, and its restart."""
    loads = play(stage)
    stage.broker.store()
    stage.broker.kill()
    stage.broker.run()
    return _after_boot(stage, loads, "broker killed, restarted")


def stopped_broker(stage: Stage) -> list[Result]:
    """stop_app and start_app."""
    loads = play(stage)
    stage.broker.ctl("stop_app")
    stage.broker.ctl("start_app")
    return _after_boot(stage, loads, "stop_app, start_app")


def _after_boot(stage: Stage, loads: list[Load], case: str) -> list[Result]:
    stage.broker.wait()
    answered = now()
    return _recovered(loads, case, answered)


def _recovered(loads: list[Load], case: str, since: float) -> list[Result]:
    """Return the results, with the seconds that each load took from `since` until it went on."""
    recovered = [load.recovered(since) for load in loads]
    return [load.result(case, seconds, since) for load, seconds in zip(loads, recovered, strict=True)]


def closed_connections(stage: Stage) -> list[Result]:
    """close_all_connections."""
    loads = play(stage)
    struck = now()
    stage.broker.ctl("close_all_connections", "--global", "a fault of the tests")
    return _interrupted(loads, "connections closed by the broker", struck)


def _interrupted(loads: list[Load], case: str, struck: float) -> list[Result]:
    """Return the results, with the longest time in seconds that each load stood still since `struck`."""
    recovered = [load.interrupted(struck) for load in loads]
    return [load.result(case, seconds, struck) for load, seconds in zip(loads, recovered, strict=True)]


def cut_link(stage: Stage) -> list[Result]:
    """A link that ends in the middle of a frame."""
    return _proxied(stage, "link cut in mid-frame", lambda proxy: proxy.cut())


def stalled_link(stage: Stage) -> list[Result]:
    """A link on which nothing passes any more."""
    return _proxied(stage, "link stalled", lambda proxy: proxy.stall())


def _proxied(stage: Stage, case: str, strike: Callable[[Proxy], None]) -> list[Result]:
    proxy = Proxy(stage.broker.port)
    stage.port = proxy.port
    try:
        loads = play(stage)
        struck = now()
        strike(proxy)
        return _interrupted(loads, case, struck)
    finally:
        proxy.refuse()


def refused_then_up(stage: Stage) -> list[Result]:
    """No broker when the clients start, and one soon after."""
    proxy = Proxy(stage.broker.port)
    stage.port = proxy.port
    proxy.refuse()
    try:
        loads = [Load(stage, *kind) for kind in KINDS]
        for load in loads:
            load.begin()
        met(lambda: all(_tried(load) for load in loads), 5)
        proxy.accept()
        return _recovered(loads, "refused, then up", now())
    finally:
        proxy.refuse()


def _tried(load: Load) -> bool:
    """Return whether both have said something about a refusal, or are gone."""
    drivers = (load.publisher, *load.consumers)
    return all(_told(driver) or _gone(driver) for driver in drivers)


def frozen_broker(stage: Stage) -> list[Result]:
    """SIGSTOP to the broker until its clients have lost patience, and SIGCONT."""
    loads = play(stage)
    freeze(stage)
    try:
        drivers = [driver for load in loads for driver in (load.publisher, *load.consumers)]
        told = [_told(driver) for driver in drivers]
        met(lambda: all(_told(one) != before or _gone(one) for one, before in zip(drivers, told, strict=True)), 20)
    finally:
        freeze(stage, thaw=True)
    return _recovered(loads, "broker frozen, thawed", now())


def _told(driver: Driver) -> int:
    """Return how much it has said, in bytes."""
    return driver.log.stat().st_size


def _gone(driver: Driver) -> bool:
    return driver.process.poll() is not None


def freeze(stage: Stage, thaw: bool = False) -> None:
    """Stop all of the broker where it stands, or let it go on."""
    if isinstance(stage.broker, Container):
        (stage.broker.container.unpause if thaw else stage.broker.container.pause)()
    elif isinstance(stage.broker, Node) and (found := record.process(stage.broker.entry.get("broker", {}))):
        with suppress(psutil.Error):
            (found.resume if thaw else found.suspend)()


def memory_alarm(stage: Stage) -> list[Result]:
    """A broker that takes no messages for want of memory, and takes them again."""
    loads = play(stage)
    stage.broker.ctl("set_vm_memory_high_watermark", "0.0001")
    try:
        loads[0].publisher.goes_on("attempted", 500, 3)
    finally:
        stage.broker.ctl("set_vm_memory_high_watermark", "0.4")
    return _recovered(loads, "memory alarm", now())


def deleted_queue(stage: Stage) -> list[Result]:
    """The queue is deleted under its consumer, which has prefetched the last messages.

    The publisher stands still for that moment: what is on its way into a queue that is deleted the broker confirms.
    """
    if stage.client.options:
        stage.client = replace(stage.client, options={**stage.client.options, "prefetch": 50})
    loads = play(stage, LINGERING)
    for load in loads:
        load.publisher.process.send_signal(signal.SIGSTOP)
    for load in loads:
        met(partial(_deleted, stage, load.queue))
    for load in loads:
        load.publisher.process.send_signal(signal.SIGCONT)
    return _recovered(loads, "queue deleted under the consumer", now())


def _deleted(stage: Stage, queue: str) -> bool:
    """Delete the queue if it is empty now; return whether it was."""
    with stage.channel() as channel, suppress(ChannelClosedByBroker):
        channel.queue_delete(queue, if_empty=True)
        return True
    return False


def acknowledgement_timeout(stage: Stage) -> list[Result]:
    """A message is not acknowledged within the broker's patience, set to a second; it is to be delivered again.

    From RabbitMQ 4.3 only quorum queues have that limit, and cancel the consumer; before, the channel was closed.
    """
    stage.broker.ctl("eval", _patience(1000, 500))
    kind = "quorum" if Management(stage.broker).version() >= (4, 3) else "classic"
    try:
        loads = play(stage, (("async", "hold"), ("sync", "hold")), **{"x-queue-type": kind})
        struck = now()
        for load in loads:
            met(partial(_redelivered, load), 15)
        return _interrupted(loads, "acknowledgement timeout", struck)
    finally:
        stage.broker.ctl("eval", _patience(1_800_000, 60_000))


def _redelivered(load: Load) -> bool:
    """Return whether the consumer was given a message again, or is gone."""
    consumer = load.consumers[-1]
    return consumer.process.poll() is not None or any(e.words[2] == "True" for e in consumer.events("arrived"))


def _patience(timeout: int, tick: int) -> str:
    """Return the Erlang that sets how long a consumer may keep a message, and how often that is looked at, in ms."""
    settings = {"consumer_timeout": timeout, "channel_tick_interval": tick}
    return ", ".join(f"application:set_env(rabbit, {name}, {value})" for name, value in settings.items()) + "."


def full_queue(stage: Stage) -> list[Result]:
    """A queue that is full and rejects what is published, while its consumer is slow."""
    arguments = {"x-max-length": 5, "x-overflow": "reject-publish"}
    struck = now()
    loads = play(stage, LINGERING, **arguments)
    for load in loads:
        load.publisher.reaches("refused", 10)
    return _interrupted(loads, "queue full, reject-publish", struck)


def killed_consumer(stage: Stage) -> list[Result]:
    """kill -9 of the consumer's process; another one is started."""
    loads = play(stage)
    struck = now()
    for load in loads:
        load.consumers[-1].kill()
    for load in loads:
        load.consume()
    return _recovered(loads, "consumer killed, another one", struck)


def killed_leader(stage: Stage, cluster: Cluster) -> list[Result]:
    """kill -9 of the node of a cluster that leads the quorum queues, and to which the clients connect first."""
    leader, other = cluster.members[:2]
    if stage.client.options:  # ours takes several hosts
        stage.hosts = cluster.hosts
        stage.client = replace(stage.client, options={**stage.client.options, "quorum": True})
    loads = play(stage, **{"x-queue-type": "quorum"})
    for load in loads:
        load.arrival = HELD
    leader.kill()
    struck = now()
    stage.broker = other  # from which plain pika sees what is left
    return _recovered(loads, "quorum leader killed", struck)
