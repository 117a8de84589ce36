"""Debian's and Ubuntu's own rabbitmq-server package, installed for the private node: never run as a service."""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from brokers.broker import Unavailable

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's switch: while this program exits with 101, no package starts its service (Debian Policy 9.3.3)."""

SERVICES = ("rabbitmq-server.service", "epmd.service", "epmd.socket")


def install(announce: Callable[[str], None]) -> None:
    """Install rabbitmq-server after saying so. Blocks for half a minute to two; raise Unavailable where it cannot."""
    if shutil.which("apt-get") is None:
        raise Unavailable("no apt-get here, so the system's rabbitmq-server package cannot be installed")
    root = _as_root()
    announce("Installing the system's rabbitmq-server package with apt-get (no service is started) ...")
    with ExitStack() as undo:
        if not POLICY.exists():
            undo.callback(_run, [*root, "rm", "-f", str(POLICY)])
            _run([*root, "sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"])
        _run([*root, "apt-get", "update", "-q"])
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y"]
        _run([*apt, "--no-install-recommends", "rabbitmq-server"])
        if Path("/run/systemd/system").is_dir():  # or it would start at the next boot
            _run([*root, "systemctl", "disable", "--quiet", *SERVICES], check=False)


def _as_root() -> list[str]:
    """Return what to put before a command so that root runs it; raise Unavailable where a password is wanted."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _run(["sudo", "-n", "true"], check=False) == 0:
        return ["sudo", "-n"]
    raise Unavailable("installing the rabbitmq-server package needs root or sudo without a password")


def _run(command: list[str], check: bool = True) -> int:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if check and done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Unavailable(f"{' '.join(command[:3])} failed: {last}")
    return done.returncode
