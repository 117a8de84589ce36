"""TCP ports on this machine: free ones, and who holds the others."""

import socket

import psutil


def free(count: int) -> list[int]:
    """Return `count` different ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


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
