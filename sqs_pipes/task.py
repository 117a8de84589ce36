"""A task as it is registered: a function, its name, and how it is to be run."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqs_pipes.errors import WrongTask

MOST_PRIORITIES = 16
MOST_WORKERS = 1000
MOST_NAME = 80
"""Characters of a queue's name, with .fifo (SQS quotas)."""

KEYS = ("method", "name", "workers", "priorities", "interval")
Interval = float | Callable[[], float]


@dataclass(frozen=True)
class Task:
    """One stage. Its queues, one for each priority, are those that it fills; the next task takes from them."""

    method: Callable[..., Any]
    name: str
    workers: int = 1
    priorities: int = 1
    interval: Interval = 0

    def seconds(self) -> float:
        """Return how long to wait until the next run; a callable is asked anew."""
        found = self.interval() if callable(self.interval) else self.interval
        if not _is_seconds(found):
            raise WrongTask(f"task {self.name}: interval gave {found!r}; it is a number of seconds, 0 or more")
        return float(found)


def registered(given: object, domain: str, fifo: bool) -> list[Task]:
    """Return the tasks of a list of dicts and functions; raise WrongTask, which names the one that is wrong."""
    if not isinstance(given, (list, tuple)) or not given:
        raise WrongTask("register_tasks takes a list of tasks, each a function or a dict with 'method'")
    tasks = [_task(each, number) for number, each in enumerate(given)]
    names = [task.name for task in tasks]
    for task in tasks:
        if names.count(task.name) > 1:
            raise WrongTask(f"two tasks have the name {task.name!r}; give one of them another: {{'name': ...}}")
        _check_name(task.name, domain, fifo)
    for task in tasks[1:]:
        if task.interval != 0:
            raise WrongTask(f"task {task.name}: interval is for the first task, the others wait for messages")
    return tasks


def check_domain(domain: object) -> None:
    """Raise WrongTask where no queue's name can begin so."""
    if not isinstance(domain, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", domain) or "--" in domain:
        raise WrongTask(f"domain {domain!r}: it begins each queue's name: letters, digits, - and _, but not --")


def _task(given: object, number: int) -> Task:
    settings: dict[str, Any] = dict(given) if isinstance(given, dict) else {"method": given}
    where = f"task {settings.get('name') or number}"
    unknown = set(settings) - set(KEYS)
    if unknown:
        raise WrongTask(f"{where}: unknown {', '.join(sorted(map(str, unknown)))}; a task has {', '.join(KEYS)}")
    method = settings.get("method")
    if not callable(method):
        raise WrongTask(f"{where}: method is a function, not {type(method).__name__}")
    if inspect.iscoroutinefunction(method):
        raise WrongTask(f"{where}: method is an async function; a task is an ordinary one, each in a thread")
    name: Any = settings.get("name") or getattr(method, "__name__", "<nameless>")
    if name in ("<lambda>", "<nameless>"):
        raise WrongTask(f"{where}: a lambda or partial has no name; give it one: {{'method': ..., 'name': 'double'}}")
    _check_number(name, "workers", settings.get("workers", 1), 1, MOST_WORKERS)
    _check_number(name, "priorities", settings.get("priorities", 1), 1, MOST_PRIORITIES)
    interval = settings.get("interval", 0)
    if not callable(interval) and not _is_seconds(interval):
        raise WrongTask(f"task {name}: interval is a number of seconds or a function that gives one, not {interval!r}")
    return Task(**{**settings, "name": name})


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _check_number(name: str, what: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise WrongTask(f"task {name}: {what} is a whole number from {least} to {most}, not {value!r}")


def check_workers(name: str, workers: object) -> None:
    """Raise WrongTask where that is no number of workers."""
    _check_number(name, "workers", workers, 1, MOST_WORKERS)


def _check_name(name: object, domain: str, fifo: bool) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name) or "--" in name:
        raise WrongTask(f"task {name!r}: SQS takes letters, digits, - and _ in a queue's name, and -- is kept for ours")
    longest = f"{domain}-{name}--dead{'.fifo' if fifo else ''}"
    if len(longest) > MOST_NAME:
        raise WrongTask(f"task {name}: its queue {longest} has {len(longest)} characters; SQS takes {MOST_NAME}")
