"""The sqs_pipes of this repository."""

from collections.abc import Iterable

from sqs_pipes.client import TaskClient

from .sqs_part import SUBMIT, Part
from .sqs_stage import REGION, Log, Tasks, run


def act(part: Part, log: Log) -> Iterable[object]:
    """Set up a stage."""
    client = TaskClient(part.domain, aws_region=REGION)
    client.register_tasks(Tasks(part, log).registered())
    if part.task == SUBMIT:
        client.submit((10,))
        return ()
    if part.task == "generate":
        return client.run(part.task, (10,), iterate=True, times=part.count) or ()
    return client.run(part.task, iterate=True) or ()


if __name__ == "__main__":
    run("", act)
