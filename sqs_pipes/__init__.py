"""Tasks piped through SQS queues: each a function, several workers wide, whose outputs are the next one's inputs."""

from sqs_pipes.client import TaskClient
from sqs_pipes.output import EmptyTaskOutput, TaskCallback

__all__ = ["EmptyTaskOutput", "TaskCallback", "TaskClient"]
