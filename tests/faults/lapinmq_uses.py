"""What a program does to a lapinmq, and not the world: each use is a function of driver_calls.py, played here."""

import signal
from dataclasses import dataclass

from lapinmq_client import Driver, met
from lapinmq_load import Result
from lapinmq_stage import Stage

SECONDS = 90
"""How long a use may take; a client that hangs is ended then."""


@dataclass
class Used:
    """How a use went: its driver, with what it told, its figures, and what is left on the queue."""

    driver: Driver
    result: Result
    left: list[str]

    def errors(self) -> list[str]:
        """Return the errors that it met, as `Name text`."""
        return [" ".join(event.words) for event in self.driver.events("error")]

    def arrived(self) -> list[str]:
        """Return the bodies that its tasks were given."""
        return [event.words[0] for event in self.driver.events("arrived")]


def begin(stage: Stage, name: str, *words: str) -> Driver:
    """Start the use, on a queue that has its name."""
    queue = "-".join((name, *words))
    stage.declare(queue)
    return stage.drive("calls", name, queue, *words)


def finish(stage: Stage, driver: Driver, name: str, *words: str, seconds: float = SECONDS) -> Used:
    """Wait for the end of the use, and count."""
    ended = driver.end(seconds)
    left = [copy.body for copy in stage.drain("-".join((name, *words)))]
    attempted = [event.words[0] for event in driver.events("attempted")]
    settled = {event.words[0] for kind in ("confirmed", "refused") for event in driver.events(kind)}
    confirmed = {event.words[0] for event in driver.events("confirmed")}
    copies = left + [event.words[0] for event in driver.events("arrived")]
    result = Result(
        " ".join((name.replace("_", " "), *words)), len(attempted), len(confirmed), len(set(copies)),
        len(confirmed - set(copies)), len(copies) - len(set(copies)),
        unsettled=len(set(attempted) - settled), ended=ended,
    )  # fmt: skip
    return Used(driver, result, left)


def sigterm_during_work(stage: Stage) -> Used:
    """Send SIGTERM when four of twenty tasks are at work."""
    driver = begin(stage, "sigterm_during_work")
    driver.reaches("busy")
    driver.process.send_signal(signal.SIGTERM)
    return finish(stage, driver, "sigterm_during_work")


def undecodable(stage: Stage, seconds: float = 5) -> Used:
    """Let a task fail on a message until it is in the dead-letter queue, or for `seconds`."""
    driver = begin(stage, "undecodable")
    met(lambda: stage.waiting("undecodable.dead"), seconds)
    return finish(stage, driver, "undecodable")


def stale_acks(stage: Stage) -> Used:
    """Close the connection of a message in hand, which is then acknowledged in vain and twice."""
    driver = begin(stage, "stale_acks")
    driver.reaches("arrived")
    stage.broker.ctl("close_all_connections", "--global", "a fault of the tests")
    return finish(stage, driver, "stale_acks", seconds=30)


def use(stage: Stage, name: str, kind: str = "") -> Used:
    """Play a use that ends by itself, with one kind of publisher where it takes one."""
    words = [kind] if kind else []
    return finish(stage, begin(stage, name, *words), name, *words)
