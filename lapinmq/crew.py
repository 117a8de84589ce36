"""The worker threads of one consumer, which run its task."""

import logging
import threading
from queue import SimpleQueue

from lapinmq.message import Message, MessageStatus
from lapinmq.settings import Task

logger = logging.getLogger(__name__)


class Crew:
    """Threads that take messages from one inbox. Named after the queue; daemons, so that no task holds the exit."""

    def __init__(self, queue: str, task: Task, threads: int) -> None:
        self._queue, self._task = queue or "temporary queue", task
        self.inbox: SimpleQueue[Message | None] = SimpleQueue()
        self.threads = [
            threading.Thread(target=self._work, name=f"lapinmq {self._queue} worker {number}", daemon=True)
            for number in range(1, threads + 1)
        ]
        for thread in self.threads:
            thread.start()

    @property
    def inside(self) -> bool:
        """Whether the caller is one of the workers."""
        return threading.current_thread() in self.threads

    def dismiss(self) -> None:
        """Let each worker end after the task in hand."""
        for _ in self.threads:
            self.inbox.put(None)

    def _work(self) -> None:
        while (message := self.inbox.get()) is not None:
            try:
                if message.begin():
                    self._run(message)
            except Exception:  # a fault of ours: the worker goes on, and the message is not stranded
                logger.exception("queue %s: a message could not be settled; it goes back to its queue", self._queue)
                message.put_back(requeue=True)

    def _run(self, message: Message) -> None:
        """Run the task, and do what it returned; whatever it raises is a retry."""
        try:
            status = self._task(message)
        except BaseException as error:  # sys.exit() in a task ends no worker
            logger.exception("queue %s: the task raised", self._queue)
            message.retry(f"{type(error).__name__}: {error}")
            return
        if status is MessageStatus.SUCCESS:
            message.ack()
        elif status is MessageStatus.FAIL_RETRY_LATER:
            message.retry("the task returned FAIL_RETRY_LATER")
        elif status is MessageStatus.FAIL_DO_NOT_RETRY:
            message.refuse("was refused: the task returned FAIL_DO_NOT_RETRY")
        elif status is not MessageStatus.HANDLED_VIA_CALLBACK:
            told = f"the task returned {type(status).__name__}, no MessageStatus"
            logger.error("queue %s: %s; end it with: return MessageStatus.SUCCESS", self._queue, told)
            message.retry(told)
