"""A test that leaves a process running, for tests/test_suite.py; the suite itself does not collect it."""

import subprocess
import sys


def test_a_process_is_left_running() -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).returncode = 0
