"""A run of workflow2.py, read from its log: who worked on which word, when, and how fast words came out."""

from dataclasses import dataclass

from pictures.log import Run


@dataclass(frozen=True)
class Work:
    """One word at one stage, from its delivery to its acknowledgement, in seconds since the first delivery."""

    who: str
    word: str
    begin: float
    end: float


def works(run: Run) -> list[Work]:
    """Return who worked on what, in the order of the deliveries."""
    given = [event for event in run.events if event.does == "delivers"]
    acked = {(event.who, event.message): event.at for event in run.events if event.does == "acks"}
    first = given[0].at
    return [Work(one.to, one.message, one.at - first, acked[one.to, one.message] - first) for one in given]


def throughput(run: Run, stage: str) -> float:
    """Return how many words a second the stages printed whose names begin so, from the first word to the last."""
    printed = [e.at for e in run.events if e.does == "prints" and e.message.startswith(stage) and ": " in e.message]
    return (len(printed) - 1) / (printed[-1] - printed[0])
