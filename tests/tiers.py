"""The two tiers of the suite: how many processes run them, and how long each took beside its budget.

Everyday is what plain `pytest` runs: every kind of test once. Everything is `pytest -m ""`. Only the marker `slow`
tells them apart, so that each test is in both tiers or in the second.
"""

import os
import time
from typing import NamedTuple

import pytest

EVERYDAY, EVERYTHING = "not slow", ""
"""What pytest's -m holds; pyproject.toml has the first as its default."""

WORKERS = 8
"""Processes for a whole tier: tests wait most of their time. Everyday on two cores: 6 took 159 s, 8 153 s, 12 164 s."""

PER_EMULATOR = 2
"""How many of them share one SQS emulator."""


class Budget(NamedTuple):
    """How many seconds a tier may take on two quiet cores."""

    tier: str
    seconds: int


BUDGETS = {EVERYDAY: Budget("everyday", 180), EVERYTHING: Budget("everything", 900)}


def workers(config: pytest.Config) -> int:
    """Return how many processes are to run the tests: only this one where a few were asked for by name."""
    return 0 if config.option.keyword or not _is_whole(config) else WORKERS


def worker() -> int:
    """Return the number of this process among those that run tests, from 0."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def report(config: pytest.Config, begun: float) -> str:
    """Return the time since `begun` beside the tier's budget, nothing where not a whole tier was run."""
    budget = BUDGETS.get(config.option.markexpr)
    if budget is None or config.option.keyword or not _is_whole(config):
        return ""
    return f"{budget.tier}: {time.monotonic() - begun:.0f} s; the budget is {budget.seconds} s on two quiet cores\n"


def _is_whole(config: pytest.Config) -> bool:
    return config.args_source != pytest.Config.ArgsSource.ARGS
