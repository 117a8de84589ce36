"""TCP ports on this machine: free ones, and who holds the others."""

import os
import random
import socket
from collections import deque
from contextlib import suppress

import psutil

LISTENING = range(20_000, 32_000)
"""Where servers go that are started here: below what systems give to outgoing connections, which would take such a
port while its server is down (32768 and up on Linux, 49152 and up elsewhere)."""


SHARE = "TUTORIAL_PORTS"
"""The variable that gives a process and those that it starts a share of them: 3/16 is every 16th, from the third on."""

_given: deque[int] = deque(maxlen=200)
"""The ports that were returned last. A server takes seconds until it listens on its own."""


def free(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now, others each time."""
    found: list[int] = []
    first, count_of_shares = map(int, os.environ.get(SHARE, "0/1").split("/"))
    mine = LISTENING[first::count_of_shares]
    for port in random.sample(mine, len(mine)):
        if port in _given:
            continue
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            _given.extend(found)
            return found
    raise OSError(f"all ports from {LISTENING.start} to {LISTENING.stop} are in use")


def taken(port: int) -> bool:
    """Return whether something listens on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Return who listens on `port`, as far as this user may see it: the program's name and process id."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        owners = {c.pid for c in listening if c.laddr and c.laddr.port == port and c.pid}
        return ", ".join(f"{psutil.Process(pid).name()} (process {pid})" for pid in sorted(owners)) or "another program"
    except psutil.Error:
        return "a program of another user"
