"""Chapter, Block, Excerpt: what the README says, read from its Markdown.

The grammar: a chapter is `## N. Title`; a block is a line that begins with `**Terminal K**`, then a `console` fence,
where `$ ` begins what is typed, `^C` is Ctrl+C and every other line is what the terminal shows; an excerpt is a fence
`python FILE`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

EXERCISES = 11
"""The chapter in which the reader writes files on the way; it is not played as the others are."""


@dataclass
class Segment:
    """What is done in a terminal once, and what it shows then. Without command and Ctrl+C it only shows more."""

    line: int
    command: str = ""
    interrupt: bool = False
    output: list[str] = field(default_factory=list)


@dataclass
class Block:
    """One fence of one terminal, its command's exit status where the fence says `exit=N`, else 0."""

    terminal: int
    segments: list[Segment]
    status: int = 0


@dataclass
class Excerpt:
    """Lines of a file that the README shows."""

    line: int
    file: str
    text: str


@dataclass
class Chapter:
    """A numbered chapter."""

    number: int
    title: str
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Fence:
    """A fenced block with its info string, its first line's number and the text line before it."""

    line: int
    info: str
    lines: list[str]
    before: str
    chapter: str


def fences(path: Path = README) -> list[Fence]:
    """Return all fenced blocks of a Markdown file in order."""
    found: list[Fence] = []
    before = chapter = ""
    open_fence: Fence | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            if open_fence is None:
                open_fence = Fence(number + 1, line[3:].strip(), [], before, chapter)
            else:
                found.append(open_fence)
                open_fence, before = None, ""
        elif open_fence is not None:
            open_fence.lines.append(line)
        elif line.strip():
            before = line
            chapter = line if line.startswith("## ") else chapter
    return found


def chapters(path: Path = README) -> list[Chapter]:
    """Return the chapters that have something to type, in order."""
    found: dict[str, Chapter] = {}
    for fence in fences(path):
        numbered = re.match(r"## (\d+)\. (.*)", fence.chapter)
        if fence.info.split()[:1] == ["console"]:
            if numbered is None:
                raise ValueError(f"{path.name}:{fence.line}: a console block outside the numbered chapters")
            chapter = found.setdefault(fence.chapter, Chapter(int(numbered[1]), numbered[2]))
            chapter.blocks.append(_block(fence, path))
    return list(found.values())


def excerpts(path: Path = README) -> list[Excerpt]:
    """Return the code excerpts."""
    shown = [(fence, re.match(r"python (\S+)", fence.info)) for fence in fences(path)]
    return [Excerpt(fence.line, named[1], "\n".join(fence.lines)) for fence, named in shown if named]


def _block(fence: Fence, path: Path) -> Block:
    terminal = re.match(r"\*\*Terminal (\d+)\*\*", fence.before)
    if terminal is None:
        raise ValueError(f"{path.name}:{fence.line}: a console block needs a line **Terminal N** before it")
    status = re.search(r"\bexit=(\d+)", fence.info)
    return Block(int(terminal[1]), _segments(fence), int(status[1]) if status else 0)


def _segments(fence: Fence) -> list[Segment]:
    segments = [Segment(fence.line)]
    for number, line in enumerate(fence.lines, fence.line):
        if line.startswith("$ "):
            segments.append(Segment(number, command=line[2:]))
        elif line == "^C":
            segments.append(Segment(number, interrupt=True))
        else:
            segments[-1].output.append(line)
    return [s for s in segments if s.command or s.interrupt or s.output]
