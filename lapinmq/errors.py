"""What can go wrong, one class each. The text is one line with queue, host, cause and what to do; never a password."""


class LapinError(Exception):
    """The base of all. `exchange` and `routing_key` name the message, `cause` is what pika or the socket raised."""

    def __init__(
        self, text: str, *, exchange: str = "", routing_key: str = "", cause: BaseException | None = None
    ) -> None:
        super().__init__(text)
        self.exchange, self.routing_key, self.cause = exchange, routing_key, cause
        self.__cause__ = cause


class ConnectionLost(LapinError):
    """The broker cannot be reached, or went away before it confirmed; whether it stored the message is not known."""


class AuthenticationFailed(LapinError):
    """The broker refused the login or the vhost. Trying again would not help, so that nothing is tried again."""


class Refused(LapinError):
    """The broker closed the channel over it: no such exchange, no permission, an argument it does not take."""


class Unroutable(LapinError):
    """No queue takes messages of this exchange and routing key. The message is not stored."""


class Nacked(LapinError):
    """The broker answered with a negative acknowledgement, as a full queue does. The message is not stored."""


class TimedOut(LapinError):
    """No answer within the time allowed. The message may be stored, or be stored later."""


class Blocked(TimedOut):
    """No answer within the time allowed, since the broker takes no messages (memory or disk alarm)."""


class NotStarted(LapinError):
    """It was not started."""


class Stopped(LapinError):
    """It is stopped, or was while the message waited. A message that it has not confirmed may not be stored."""


class Forked(LapinError):
    """It was started before a fork, and a connection cannot be shared by two processes."""


class WrongThread(LapinError):
    """It would wait for the I/O thread in the I/O thread, for ever."""


class BadAddress(LapinError, ValueError):
    """A RABBITMQ_* variable does not say where a broker is."""
