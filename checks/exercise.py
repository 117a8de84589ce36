"""An Exercise: its folder, its student's file, and the steps of its check; and the catalogue of all of them."""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"

Function = Callable[[Any], None]
"""What a step does, in a checks.lab.Lab."""


@dataclass(frozen=True)
class Step:
    """One claim that is checked in a lab of its own; it is skipped where one that it needs did not hold."""

    claim: str
    function: Function
    needs: tuple[Function, ...]
    seconds: float
    """How long it may take before it is ended."""
    heartbeat: int | None
    """In seconds, what the broker tells the scripts; None leaves it."""
    own_broker: bool
    """Whether it needs a broker that it may kill."""


def step(
    *needs: Function, seconds: float = 30, heartbeat: int | None = None, own_broker: bool = False
) -> Callable[[Function], Function]:
    """Mark a function of a topic's module as a step; the first line of its docstring is the claim."""

    def mark(function: Function) -> Function:
        claim = (function.__doc__ or function.__name__).strip().splitlines()[0]
        function.step = Step(claim, function, needs, seconds, heartbeat, own_broker)  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Exercise:
    """One exercise. Its topic's module has FILE, READ, the steps, and SQS = True where it is about SQS."""

    number: int
    topic: str

    @cached_property
    def module(self) -> ModuleType:
        """Return its topic's module."""
        return importlib.import_module(f"checks.topics.{self.topic}")

    @property
    def name(self) -> str:
        """Return the name of its folders, as 02_acknowledge."""
        return f"{self.number:02}_{self.topic}"

    @property
    def title(self) -> str:
        """Return its title, from its README."""
        return (FOLDER / self.name / "README.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")

    @property
    def file(self) -> str:
        """Return the name of the file that the student writes."""
        return str(self.module.FILE)

    @property
    def read(self) -> str:
        """Return where the matter is explained."""
        return str(self.module.READ)

    @property
    def sqs(self) -> bool:
        """Return whether it is about SQS, and not about RabbitMQ."""
        return bool(getattr(self.module, "SQS", False))

    @property
    def starter(self) -> Path:
        """Return the student's file where it is to be written."""
        return FOLDER / self.name / self.file

    @property
    def solution(self) -> Path:
        """Return the solution."""
        return SOLUTIONS / self.name / self.file

    @property
    def steps(self) -> list[Step]:
        """Return the steps of its check, in the order of their definition."""
        found = (getattr(thing, "step", None) for thing in vars(self.module).values())
        return [each for each in found if isinstance(each, Step) and each.function.__module__ == self.module.__name__]

    @property
    def hints(self) -> list[str]:
        """Return the hints of its README: what its <details> hold."""
        text = (FOLDER / self.name / "README.md").read_text(encoding="utf-8")
        return [hint.strip() for hint in re.findall(r"<details>\s*<summary>.*?</summary>(.*?)</details>", text, re.S)]


def catalogue() -> list[Exercise]:
    """Return all exercises: the folders exercises/NN_topic, in their order."""
    told = (re.fullmatch(r"(\d\d)_(\w+)", path.name) for path in sorted(FOLDER.iterdir()))
    return [Exercise(int(t[1]), t[2]) for t in told if t]
