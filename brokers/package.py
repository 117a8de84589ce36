"""Packages of Debian and Ubuntu, installed with apt-get after saying so; none of them is started as a service."""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from brokers.unavailable import Unavailable

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's switch: while this program exits with 101, no package starts its service (Debian Policy 9.3.3)."""

SERVICES = {"rabbitmq-server": ["rabbitmq-server.service", "epmd.service", "epmd.socket"]}
"""What a package would start at the next boot."""


APT_OPTIONS = ["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
"""Another apt-get, as a fresh machine's first updates, is waited for, in seconds."""


def install(name: str, announce: Callable[[str], None]) -> None:
    """Install the package after saying so. Blocks for seconds to minutes; raise Unavailable where it cannot."""
    if shutil.which("apt-get") is None:
        raise Unavailable(f"there is no apt-get to install the package {name} with")
    root = _as_root(name)
    announce(f"Installing the system's package {name} with apt-get; no service is started ...")
    enabled = [service for service in SERVICES.get(name, []) if _enabled(service)]
    with ExitStack() as undo:
        if POLICY.exists():  # put aside, since it may allow starting
            undo.callback(_run, [*root, "mv", f"{POLICY}.aside", str(POLICY)])
            _run([*root, "mv", str(POLICY), f"{POLICY}.aside"])
        else:
            undo.callback(_run, [*root, "rm", "-f", str(POLICY)])
        _run([*root, "sh", "-c", f"printf '#!/bin/sh\nexit 101\n' > {POLICY} && chmod 755 {POLICY}"])
        _run([*root, "apt-get", "update", "-q"], check=False)  # one list that fails does not make the others useless
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *APT_OPTIONS]
        _run([*apt, name])
        for service in SERVICES.get(name, []):  # nor at the next boot
            if service not in enabled and _enabled(service):
                _run([*root, "systemctl", "disable", "--quiet", service], check=False)


def _enabled(service: str) -> bool:
    running = Path("/run/systemd/system").is_dir()
    return running and _run(["systemctl", "is-enabled", "--quiet", service], check=False) == 0


def _as_root(name: str) -> list[str]:
    """Return what to put before a command so that root runs it; raise Unavailable where a password is wanted."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _run(["sudo", "-n", "true"], check=False) == 0:
        return ["sudo", "-n"]
    raise Unavailable(f"installing the package {name} needs root or sudo without a password")


def _run(command: list[str], check: bool = True) -> int:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    if check and done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Unavailable(f"{' '.join(command[:3])} failed: {last}", worth_telling=True)
    return done.returncode
