"""The queues of a client: their names, which of them exist, and how they are made."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqs_pipes.settings import Settings
from sqs_pipes.sqs import Sqs
from sqs_pipes.task import MOST_PRIORITIES, Task

RECEIVES = 5
"""After so many receives a message that is not deleted goes to the dead-letter queue."""

RETENTION_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message (SQS quotas)."""


@dataclass(frozen=True)
class Queues:
    """The queues of `tasks`, whose names begin with `domain`."""

    sqs: Sqs
    domain: str
    tasks: Sequence[Task]
    settings: Settings

    def name(self, task: Task, priority: int) -> str:
        """Return the name of the queue that holds a task's outputs of that priority."""
        return self._named(task, f"--p{priority}" if priority else "")

    def dead_name(self, task: Task) -> str:
        """Return the name of the queue for those outputs of a task that the next one could not do."""
        return self._named(task, "--dead")

    def levels(self, task: Task) -> list[str]:
        """Return the URLs of a task's queues, level 0 first; those that do not exist are made."""
        names = [self.name(task, priority) for priority in range(task.priorities)]
        found = [self.sqs.url(name) for name in names]
        attributes = self._attributes(self.dead(task)) if None in found else {}
        return [url or self.sqs.create(name, attributes) for url, name in zip(found, names, strict=True)]

    def dead(self, task: Task) -> str:
        """Return the URL of a task's dead-letter queue, made where it does not exist."""
        name = self.dead_name(task)
        return self.sqs.url(name) or self.sqs.create(name, self._attributes())

    def existing(self) -> Iterator[str]:
        """Yield the URLs of those of the client's queues that exist."""
        ours = {
            name
            for task in self.tasks[:-1]
            for name in (self.dead_name(task), *(self.name(task, priority) for priority in range(MOST_PRIORITIES)))
        }
        yield from (url for url in self.sqs.urls(f"{self.domain}-") if url.rsplit("/", 1)[1] in ours)

    def _named(self, task: Task, kind: str) -> str:
        return f"{self.domain}-{task.name}{kind}{'.fifo' if self.settings.fifo else ''}"

    def _attributes(self, dead: str = "") -> dict[str, str]:
        hidden = str(self.settings.visibility_seconds)
        told = {"VisibilityTimeout": hidden, "MessageRetentionPeriod": str(RETENTION_SECONDS)}
        if dead:
            arn = self.sqs.attribute(dead, "QueueArn")
            told["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
        if self.settings.fifo:
            told |= {"FifoQueue": "true"} | ({} if self.settings.group else self._throughput())
        return told

    def _throughput(self) -> dict[str, str]:
        # It forgets duplicates across groups, so it fits only where a message given out again gets the same group.
        return {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
