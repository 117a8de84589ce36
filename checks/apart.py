"""How a student's script is started: under limits that the system keeps, and apart from all other processes.

Apart means a PID namespace of its own, by the command unshare of util-linux: the script sees and signals nothing but
what it started, and all of that is ended when the namespace is. Linux has it, where neither a container nor a security
module forbids it; elsewhere the warden alone watches.
"""

import functools
import os
import shutil
import subprocess
import sys

from checks.warden import Limits

LIMITED = "ulimit -c 0; ulimit -v {space} 2>/dev/null; ulimit -f {file} 2>/dev/null; {run}"
"""What the shell does before the script: a Mac knows no limit on address space."""


def command(limits: Limits) -> list[str]:
    """Return the words to put before a script's command."""
    if os.name != "posix":
        return []
    told = LIMITED.format(
        space=limits.address_space >> 10, file=limits.file >> 9,  # in KiB, and in blocks of 512 bytes
        run='"$@"; exit $?' if limits.apart else 'exec "$@"',  # a namespace's first process is deaf to most signals
    )  # fmt: skip
    return [*(unshare() if limits.apart else []), "/bin/sh", "-c", told, "sh"]


@functools.cache
def unshare() -> list[str]:
    """Return the command that starts another one apart, tried once; empty where there is no way."""
    found = shutil.which("unshare")
    if sys.platform != "linux" or found is None:
        return []
    user = ["--user", "--map-current-user"]
    ways = [["--mount-proc"], [*user, "--mount-proc"], user]  # as root; as anybody; where /proc has to stay as it is
    tries = ([found, "--pid", "--fork", "--kill-child", *way] for way in ways)
    return next((words for words in tries if _works([*words, "true"])), [])


def _works(command: list[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
