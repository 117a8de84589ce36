"""The messages that a channel has sent and the broker has not confirmed, by their delivery tags.

Tags count from 1 on each channel. A confirm names one of them, or with `multiple` all up to it
(https://www.rabbitmq.com/docs/confirms#publisher-confirms). Thread: the I/O thread only.
"""

from lapinmq.outgoing import Outgoing


class Unconfirmed:
    """Messages in the order in which they were sent on one channel."""

    def __init__(self) -> None:
        self._messages: dict[int, Outgoing] = {}
        self._last = 0
        self._lowest = 1  # all tags below are confirmed

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Outgoing) -> None:
        """Enter the next message that is sent."""
        self._last += 1
        self._messages[self._last] = message

    def take(self, tag: int, multiple: bool) -> list[Outgoing]:
        """Remove and return what a confirm is about."""
        if not multiple:
            message = self._messages.pop(tag, None)
            return [message] if message is not None else []
        tags = range(self._lowest, tag + 1)
        self._lowest = tag + 1
        return [message for each in tags if (message := self._messages.pop(each, None)) is not None]

    def find(self, message_id: str | None, exchange: str, routing_key: str) -> Outgoing | None:
        """Return the message that the broker has returned: the first such that it has not returned before."""
        same = (message_id or "", exchange, routing_key)
        for message in self._messages.values():
            if message.returned is None and (message.message_id, message.exchange, message.routing_key) == same:
                return message
        return None

    def everything(self) -> list[Outgoing]:
        """Return all messages."""
        return list(self._messages.values())
