"""PyPI's sqspipes 0.3.3, as it is installed.

It imports `Iterable` from `collections`, where no Python since 3.10 has it (and does not use it): it is put there.
"""

import collections
import collections.abc
from collections.abc import Iterable
from importlib import import_module

collections.Iterable = collections.abc.Iterable  # type: ignore[attr-defined]

from .sqs_part import SUBMIT, Part  # noqa: E402
from .sqs_stage import REGION, Log, Tasks, run  # noqa: E402

TaskClient = import_module("sqspipes").TaskClient


def act(part: Part, log: Log) -> Iterable[object]:
    """Set up a stage; its first one would run for ever, so that its interval ends it."""
    tasks = Tasks(part, log)
    pipe = tasks.registered()
    pipe[0]["interval"] = tasks.interval
    client = TaskClient("words", "benchmark", "benchmark", REGION)
    client.domain = part.domain
    client.register_tasks(pipe)
    args = (10,) if part.task in ("generate", SUBMIT) else ()
    if part.task == SUBMIT:
        client.submit(args)
        return ()
    outputs: Iterable[object] = client.run(part.task, args, iterate=True)
    return outputs


if __name__ == "__main__":
    run("sqspipes", act)
