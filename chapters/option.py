"""A plugin for pytest: --work DIR names the folder whose lessons are checked.

It is no part of tests/conftest.py: before that is read, pytest takes the DIR of an option that it does not know for a
test folder, and looks for its settings there. In .venv that is seen to (environment.py); elsewhere write --work=DIR.
"""

import sys
from pathlib import Path

import pytest

from chapters.terminal import ROOT


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--work", type=Path, default=ROOT, metavar="DIR", help="check the rabbit.py and scripts of DIR")


def pytest_configure(config: pytest.Config) -> None:
    """Let tests import the rabbit.py of DIR, and from here what DIR lacks; raise UsageError where DIR is no folder."""
    work = config.getoption("--work").resolve()
    if not work.is_dir():
        raise pytest.UsageError(f"--work {work}: there is no such folder")
    sys.path[:0] = [str(work), str(ROOT)]


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is checked."""
    work = config.getoption("--work").resolve()
    whose = "its own" if (work / "rabbit.py").exists() else "the repository's, since it has none"
    return f"lessons: {work}, with {whose} rabbit.py"
