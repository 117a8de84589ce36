"""The connection that a process's publishers and consumers share, or one of their own.

It is dialled when the first of them starts, and closed when the last has stopped.
"""

import copy
import os
import threading
from collections.abc import Sequence

from pika.connection import Parameters

from lapinmq.address import HEARTBEAT_SECONDS, addresses
from lapinmq.link import Link, Member


class Connection:
    """One TCP connection with a channel for each member. Any thread may use it."""

    def __init__(self, hosts: Sequence[Parameters] | None = None, *, heartbeat: int | None = None) -> None:
        """Name the hosts as pika's parameters; by default the RABBITMQ_* variables do, read at each start.

        `heartbeat` is in seconds, by default 10, or what RABBITMQ_URL says.
        """
        if hosts is not None and not hosts:
            raise ValueError("hosts is a list of pika's parameters, one at least; None for the RABBITMQ_* variables")
        self._hosts, self._heartbeat = hosts, heartbeat
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._members = 0

    def attach(self) -> Link:
        """Count a member in, and return the link for it to enter."""
        with self._lock:
            if self._link is None or not self._link.usable:
                self._link, self._members = Link(self._addresses()), 0
            link = self._link
            self._members += 1
            return link

    def _addresses(self) -> list[Parameters]:
        found = [copy.copy(each) for each in self._hosts] if self._hosts is not None else addresses()
        for each in found:
            if self._heartbeat is not None or each.heartbeat is None:
                each.heartbeat = HEARTBEAT_SECONDS if self._heartbeat is None else self._heartbeat
        return found

    def detach(self, member: Member, link: Link) -> bool:
        """Take a member away; the last one closes the connection, and it is told so. In the I/O thread only."""
        link.leave(member)
        with self._lock:
            if link is self._link:
                self._members -= 1
                if self._members:
                    return False
                self._link = None
        link.end()
        return True


_shared = Connection()


def shared() -> Connection:
    """Return the one connection of this process."""
    return _shared


def _after_fork() -> None:
    """Give the child a connection of its own: the parent's lock may be held, its thread is not here."""
    global _shared  # noqa: PLW0603
    _shared = Connection()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
