"""What a student reads: the bar, the steps, and a mistake as done, seen, expected, why, and where to read."""

import textwrap

from rich.console import Console
from rich.text import Text

from checks.exercise import Exercise
from checks.mistake import Mistake
from checks.running import Outcome

WIDTH = 100
"""Longer lines are broken."""

MARKS = {
    "passed": ("ok", "green"), "failed": ("not yet", "red"),
    "skipped": ("skipped", "dim"), "not judged": ("?", "yellow"),
}  # fmt: skip


def bar(solved: int, of: int) -> Text:
    """Return the bar over all exercises, readable without colours."""
    return Text.assemble("[", ("#" * solved, "green"), "." * (of - solved), f"] {solved} of {of} exercises solved")


def steps(outcome: Outcome) -> list[Text]:
    """Return a line for each step."""
    lines = []
    for result in outcome.results:
        word, colour = MARKS[result.status]
        lines.append(Text.assemble("  ", (f"{word:<8}", colour), result.step.claim))
    return lines


def mistake(exercise: Exercise, found: Mistake) -> list[Text]:
    """Return the lines that tell of a mistake."""
    told = [("done", line) for line in found.done[:1]] + [("", line) for line in found.done[1:]]
    told += [("seen", found.seen), ("expected", found.expected), ("why", found.why)]
    read = "; ".join([found.read or exercise.read, f"exercises/{exercise.name}/README.md"])
    told += [("read", read), ("hint", f"python check.py {exercise.number:02} --hint")]
    return [Text(found.headline, "bold"), Text(""), *[line for label, text in told for line in _labelled(label, text)]]


def show(console: Console, lines: list[Text]) -> None:
    """Print them."""
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _labelled(label: str, text: str) -> list[Text]:
    first, *more = textwrap.wrap(text, WIDTH - 12) or [""]
    return [Text.assemble("  ", (f"{label:<10}", "cyan"), first), *[Text(" " * 12 + line) for line in more]]
