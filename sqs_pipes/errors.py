"""What can go wrong, one class each. The text is one line that names task, queue and cause, and what to do."""


class PipesError(Exception):
    """The base of all."""


class WrongTask(PipesError, ValueError):
    """A task, its name or one of its settings cannot be registered or run."""


class WrongOutput(PipesError, ValueError):
    """What a task returned cannot be sent: JSON cannot hold it, or it is too large. Its input is kept."""


class WrongMessage(PipesError, ValueError):
    """A queue holds a message that no task has sent."""


class Refused(PipesError):
    """SQS does not take the request as it is. Trying again does not help."""


class QueueGone(PipesError):
    """A queue does not exist, or not any more."""


class NotReached(PipesError):
    """The endpoint does not answer, or not as SQS does."""


class NotAllowed(PipesError):
    """The credentials are missing, wrong, or not allowed to do this."""
