"""What became of each message of a lesson, read from its log: where it stayed, from which event to which."""

from dataclasses import dataclass

from pictures.log import Event, Run


@dataclass
class Stay:
    """A message on the queue, or unacknowledged at a consumer, from the event of the number `first` to `last`.

    `last` is None where it was still there at the end of the run. `back` says that it came back from a consumer.
    """

    message: str
    first: int
    unacknowledged: bool
    last: int | None = None
    back: bool = False
    redelivered: bool = False


def stays(run: Run) -> list[Stay]:
    """Return where each message stayed, in the order in which they began."""
    found: list[Stay] = []
    for number, event in enumerate(run.events):
        if event.does == "publishes":
            found.append(Stay(event.message, number, unacknowledged=False))
        elif event.does == "delivers":
            _leave(found, number, event.message)
            found.append(Stay(event.message, number, unacknowledged=True, redelivered=event.redelivered))
        elif event.does == "acks":
            _leave(found, number, event.message)
        elif event.does == "ends":
            found += [Stay(held, number, unacknowledged=False, back=True) for held in _dropped(found, number, event)]
    return found


def counted(run: Run, number: int) -> tuple[int, int]:
    """Return how many messages are ready and how many unacknowledged after the event of that number."""
    there = [s for s in stays(run) if s.first <= number and (s.last is None or s.last > number)]
    out = sum(stay.unacknowledged for stay in there)
    return len(there) - out, out


def names(run: Run) -> list[str]:
    """Return the messages in the order in which they were published."""
    return [event.message for event in run.events if event.does == "publishes"]


def _leave(found: list[Stay], number: int, message: str) -> None:
    (stay,) = (stay for stay in found if stay.message == message and stay.last is None)
    stay.last = number


def _dropped(found: list[Stay], number: int, event: Event) -> list[str]:
    """Return the messages that a consumer's end gives back, in their order."""
    if event.who == "producer.py":
        return []
    held = [stay for stay in found if stay.unacknowledged and stay.last is None]
    for stay in held:
        stay.last = number
    return [stay.message for stay in held]
