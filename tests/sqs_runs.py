"""Tasks at work in threads of the test, as a stage in another terminal would be."""

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from waiting import Stopwatch, until

from sqs_pipes import TaskClient

Tasks = Iterable[Any]


def make():
    return 1


def work(value):
    return value


def show(value):
    return value


TASKS = [make, work, show]
"""Three stages that pass on what they get."""


class Run:
    """One run of a task as an iterator, in a thread; `outputs` grows, `error` is what ended it."""

    def __init__(self, client: TaskClient, task: str | int, **options: Any) -> None:
        self.client, self.task = client, task
        self.outputs: list[Any] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(
            target=self._run, args=(client, task, options), daemon=True, name=f"a test's run of {task}"
        )
        self.thread.start()

    def _run(self, client: TaskClient, task: str | int, options: dict[str, Any]) -> None:
        try:
            for output in client.run(task, iterate=True, **options):
                self.outputs.append(output)
        except BaseException as error:
            self.error = error

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return not self.thread.is_alive()

    def reaches(self, count: int, seconds: float = 15) -> list[Any]:
        """Block until there are so many outputs; return them."""
        until(lambda: len(self.outputs) >= count or self.error is not None, seconds=seconds)
        if self.error:
            raise self.error
        return self.outputs

    def ends(self, seconds: float = 10) -> list[Any]:
        """Block until it has ended of itself; return the outputs, or raise what ended it."""
        until(lambda: self.ended, seconds=seconds)
        if self.error:
            raise self.error
        return self.outputs

    def stop(self, seconds: float = 10) -> list[Any]:
        """Stop it, and block until it has ended; return the outputs, or raise what ended it."""
        self.client.stop()
        watch = Stopwatch()
        outputs = self.ends(60)
        assert watch.seconds() < seconds
        return outputs

    def failure(self, seconds: float = 10) -> BaseException:
        """Block until an error has ended it; return that."""
        until(lambda: self.ended, seconds=seconds)
        assert self.error is not None, f"it ended without an error, after {self.outputs}"
        return self.error


class Pipe:
    """The same tasks, in as many clients and runs as a test asks for; `close` ends them all."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._clients: list[TaskClient] = []
        self._runs: list[Run] = []

    def client(self, tasks: Tasks, **options: Any) -> TaskClient:
        """Return a new client with these tasks, of the test's domain unless told otherwise."""
        client = TaskClient(options.pop("domain", self.domain), **options)
        client.register_tasks(list(tasks))
        self._clients.append(client)
        return client

    def run(self, client: TaskClient, task: str | int, **options: Any) -> Run:
        """Start a run."""
        self._runs.append(Run(client, task, **options))
        return self._runs[-1]

    def start(self, tasks: Tasks, task: str | int, settings: dict[str, Any] | None = None, **options: Any) -> Run:
        """Start a run of a new client, as another process would; `settings` are the client's."""
        return self.run(self.client(tasks, **(settings or {})), task, **options)

    def make(self, tasks: Tasks, times: int, **options: Any) -> None:
        """Run the first task so often; with submit(), which takes less time than a run. Its outputs are sent then."""
        client = self.client(tasks)
        for _ in range(times):
            client.submit(**options)

    def stop(self) -> list[threading.Thread]:
        """Stop what still runs; return the threads that end."""
        for client in self._clients:
            client.stop()
        return [run.thread for run in self._runs if not run.ended]

    def close(self, seconds: float = 15) -> None:
        """Stop what still runs, and see that it ends."""
        self.stop()
        until(lambda: [run.task for run in self._runs if not run.ended], [], seconds)


def threads() -> set[threading.Thread]:
    """Return those of this process's threads that are a run's."""
    return {each for each in threading.enumerate() if re.search(r" (lane|worker|courier|keeper|closer)\b", each.name)}


def counter(first: int = 0) -> Callable[[], int]:
    """Return a task that gives one number more each time, also to several workers."""
    lock, last = threading.Lock(), [first - 1]

    def number() -> int:
        with lock:
            last[0] += 1
            return last[0]

    return number
