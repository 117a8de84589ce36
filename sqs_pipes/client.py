"""The way in: TaskClient registers tasks and runs them, each as a stage between two queues."""

import functools
import threading
import uuid
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal

from sqs_pipes import progress as progress_line
from sqs_pipes.dead_letters import DeadLetter, DeadLetters
from sqs_pipes.ending import Ending
from sqs_pipes.errors import NotReached, QueueGone, WrongTask
from sqs_pipes.outcome import outcome
from sqs_pipes.plan import Plan, Priority
from sqs_pipes.queues import Queues
from sqs_pipes.run import Run
from sqs_pipes.settings import Settings
from sqs_pipes.sqs import Entry, Sqs
from sqs_pipes.task import Task, check_domain, check_workers, registered


class TaskClient:
    """The tasks of one application, and their queues. Any thread may call any method."""

    def __init__(  # noqa: PLR0913
        self,
        domain: str,
        aws_key: str | None = None,
        aws_secret: str | None = None,
        aws_region: str = "us-west-2",
        ignore_none: bool = True,
        fifo: bool = True,
        *,
        group: Callable[[Any], Any] | None = None,
        on_error: Literal["stop", "retry"] = "stop",
        visibility_seconds: int = 30,
        linger_seconds: float = 0.1,
        progress: bool | None = None,
    ) -> None:
        """Set up; nothing is asked of SQS yet.

        `domain` begins each queue's name. Without key and secret boto3's own credentials serve. `group` gives an
        output's key: order holds within a key. `on_error`: end the run at a task's error, or try its message again.
        `visibility_seconds`: how long the messages of a process that was killed stay hidden. `linger_seconds`: how
        long a batch waits for more. `progress`: whether to show a line of progress; by default in a terminal.
        Raise WrongTask where a setting is wrong, NotAllowed where there are no credentials.
        """
        check_domain(domain)
        self._domain = domain
        self._settings = Settings(ignore_none, fifo, group, on_error, visibility_seconds, linger_seconds)
        self._progress = progress
        self._sqs = Sqs(aws_key, aws_secret, aws_region)
        self._tasks: list[Task] = []
        self._targets: tuple[str, ...] | None = None
        self._endings: weakref.WeakSet[Ending] = weakref.WeakSet()
        self._lock = threading.RLock()  # a signal handler may call stop()

    def register_tasks(self, tasks: Sequence[dict[str, Any] | Callable[..., Any]]) -> None:
        """Take the tasks in their order, each a function or a dict with method, name, workers, priorities, interval.

        Raise WrongTask, which names the one that is wrong. What was registered before is forgotten.
        """
        self._targets = None
        self._tasks = registered(tasks, self._domain, self._settings.fifo)

    def run(  # noqa: PLR0913
        self,
        task: str | int,
        args: Sequence[Any] | None = (),
        priority: Priority = 0,
        iterate: bool = False,
        workers: int | None = None,
        min_priority: int | None = None,
        max_priority: int | None = None,
        *,
        times: int | None = None,
    ) -> Iterator[Any] | None:
        """Run a task until stop(), Ctrl+C or SIGTERM; with `iterate` return an iterator over its outputs.

        `args` follow the task's input. `priority` is the least level of its outputs, or a function of the output.
        `min_priority` and `max_priority` bound the levels it reads. `times` bounds how often the first task is run.
        Blocks until it ends; with `iterate` all begins when the first output is asked for. Raise what the task raised,
        WrongTask, QueueGone, NotAllowed, and at the start NotReached.
        """
        bounds = self._bounds(task, min_priority, max_priority)
        self._check(task, args, workers, priority, times)
        plan = functools.partial(self._plan, task, args, iterate, priority, workers, bounds, times)
        ending = Ending()
        with self._lock:
            self._endings.add(ending)
        outputs = self._outputs(ending, plan)
        if iterate:
            return outputs
        for _ in outputs:
            pass
        return None

    def stop(self) -> None:
        """End all runs: what is under way is finished, the rest given back. Returns at once, from any thread."""
        with self._lock:
            for ending in list(self._endings):
                ending.stopped.set()

    def submit(self, args: Sequence[Any] = (), priority: Priority = 0, *, deduplication_id: str | None = None) -> None:
        """Run the first task here and send its output. Blocks until SQS has it.

        With a `deduplication_id` SQS takes only one such output within five minutes. Raise what the task raises,
        WrongOutput, QueueGone, NotAllowed, NotReached: then it may be submitted again.
        """
        self._check(0, args, None, priority, None)
        task, given = self._tasks[0], tuple(args or ())
        result, identity = task.method(*given), deduplication_id or str(uuid.uuid4())
        for again in (True, False):
            plan = Plan(task, given, False, priority, 1, (), self._submit_targets(), None, self._settings)
            found = outcome(plan, None, None, result, identity)
            try:
                if found.entry:
                    self._send(found.target, found.entry)
                break
            except QueueGone:  # it was deleted since, and is made again, as by a run
                self._targets = None
                if not again:
                    raise
        if found.callback:
            found.callback.run()

    def _submit_targets(self) -> tuple[str, ...]:
        """Return the URLs of the first task's queues; asked for once, so that a submit is one request."""
        if self._targets is None:
            self._targets = tuple(self._queues().levels(self._tasks[0])) if len(self._tasks) > 1 else ()
        return self._targets

    @property
    def queues(self) -> list[str]:
        """Return the URLs of those of this client's queues that exist, dead-letter queues among them."""
        return list(self._queues().existing())

    def create(self) -> None:
        """Make those of this client's queues that do not exist. A run makes its own, where it is allowed to."""
        for task in self._queues().tasks[:-1]:
            self._queues().levels(task)

    def purge(self) -> None:
        """Empty this client's queues. SQS takes up to 60 s for it."""
        for url in self.queues:
            self._sqs.purge(url)

    def delete(self) -> None:
        """Delete this client's queues, with what they hold. SQS refuses to make them again for 60 s."""
        for url in self.queues:
            self._sqs.delete_queue(url)

    def dead_letters(self, task: str | int) -> list[DeadLetter]:
        """Return the messages that this task could not do, of one message group the first."""
        return self._dead_letters(task).letters()

    def put_back(self, task: str | int, ids: Collection[str] | None = None) -> int:
        """Send this task's dead letters, all or those with these ids, to its queue again; return how many."""
        return self._dead_letters(task).put_back(ids)

    def _send(self, target: str, entry: Entry) -> None:
        if reason := self._sqs.send(target, [entry])[0]:
            raise NotReached(f"queue {target.rsplit('/', 1)[1]} at {self._sqs.place}: refused: {reason}")

    def _outputs(self, ending: Ending, make: Callable[[], Plan]) -> Iterator[Any]:
        with ending:
            plan = ending.abruptly(make)
            if plan and not ending.stopped.is_set():
                yield from Run(self._sqs, plan, ending, progress_line.wanted(self._progress)).outputs()

    def _queues(self) -> Queues:
        if not self._tasks:
            raise WrongTask("there are no tasks yet; call register_tasks first")
        return Queues(self._sqs, self._domain, self._tasks, self._settings)

    def _index(self, task: str | int) -> int:
        names = [each.name for each in self._tasks]
        if isinstance(task, str) and task in names:
            return names.index(task)
        if isinstance(task, int) and 0 <= task < len(names):
            return task
        raise WrongTask(f"there is no task {task!r}; register_tasks was given {', '.join(names) or 'none yet'}")

    def _dead_letters(self, task: str | int) -> DeadLetters:
        index = self._index(task)
        if index == 0:
            raise WrongTask(f"task {self._tasks[0].name} is the first: it reads no queue, so it has no dead letters")
        queues, before = self._queues(), self._tasks[index - 1]
        return DeadLetters(self._sqs, queues.dead(before), queues.levels(before))

    def _bounds(self, task: str | int, least: int | None, most: int | None) -> tuple[int, int | None]:
        name = self._tasks[self._index(task)].name
        for bound in (least, most):
            if bound is not None and (not isinstance(bound, int) or bound < 0):
                raise WrongTask(f"task {name}: min_priority and max_priority are levels, 0 or more, not {bound!r}")
        return least or 0, most

    def _plan(
        self,
        task: str | int,
        args: Sequence[Any] | None,
        iterate: bool,
        priority: Priority,
        workers: int | None,
        bounds: tuple[int, int | None],
        times: int | None,
    ) -> Plan:
        queues, index = self._queues(), self._index(task)
        found = self._tasks[index]
        sources = tuple(enumerate(queues.levels(self._tasks[index - 1]))) if index else ()
        sources = tuple((level, url) for level, url in sources if _within(level, bounds))
        if index and not sources:
            raise WrongTask(f"task {found.name}: between min_priority and max_priority there is no level to read")
        targets = tuple(queues.levels(found)) if index < len(self._tasks) - 1 else ()
        width = workers or found.workers
        return Plan(found, tuple(args or ()), iterate, priority, width, sources, targets, times, self._settings)

    def _check(self, name: str | int, args: object, workers: int | None, priority: Priority, times: int | None) -> None:
        index = self._index(name)
        task = self._tasks[index]
        if not isinstance(args, (list, tuple, type(None))):
            raise WrongTask(f"task {task.name}: args is a tuple of what follows the input, such as (10,), not {args!r}")
        if workers is not None:
            check_workers(task.name, workers)
        if not callable(priority) and (not isinstance(priority, int) or isinstance(priority, bool) or priority < 0):
            raise WrongTask(f"task {task.name}: priority is a level, 0 or more, or a function of it, not {priority!r}")
        if times is not None and (index or not isinstance(times, int) or times < 0):
            raise WrongTask(f"task {task.name}: times is a whole number, for the first task only, not {times!r}")


def _within(level: int, bounds: tuple[int, int | None]) -> bool:
    least, most = bounds
    return level >= least and (most is None or level <= most)
