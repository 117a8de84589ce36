"""A Player types a chapter's commands into its terminals and compares what they show, actor by actor.

Two terminals, and two actors in one terminal, have many legal interleavings; what one actor prints has one order.
"""

import re
import signal
import time
from collections.abc import Callable, Mapping
from itertools import permutations
from pathlib import Path

from chapters.reading import Block, Chapter, Segment
from chapters.terminal import LINE_SECONDS, ROOT, WINDOWS, Late, Terminal

Show = Callable[[int, str], None]
"""Called with the terminal's number and a line that it shows, as soon as it shows it."""

INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT, 1)
"""What a command ends with on Ctrl+C: of the signal; the last is Windows."""

SETTLING_SECONDS = 15


class Mismatch(AssertionError):
    """A terminal did not show what the README says."""


class Player:
    """Plays chapters in a folder; `renamed` turns what differs between runs, as ports do, into what the README has."""

    interrupted: tuple[int, ...] = INTERRUPTED
    line_seconds: float = LINE_SECONDS

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        renamed: Mapping[str, str] | None = None,
        show: Show = lambda terminal, line: None,
    ) -> None:
        self.folder, self.environment, self.renamed, self.show = folder, environment, renamed or {}, show
        self.terminals: dict[int, Terminal] = {}

    def play(self, chapter: Chapter) -> None:
        """Play the chapter to its end; raise Mismatch where a terminal differs. Blocks for what the lessons take."""
        try:
            for place, block in enumerate(chapter.blocks):
                later = next((b for b in chapter.blocks[place + 1 :] if b.terminal == block.terminal), None)
                self._play_block(block, later)
        finally:
            for terminal in self.terminals.values():
                terminal.close()
            self.terminals.clear()

    def _play_block(self, block: Block, later: Block | None) -> None:
        terminal = self.terminals.setdefault(block.terminal, Terminal(self.folder, self.environment))
        following = [*block.segments[1:], *(later.segments[:1] if later else [])]
        for place, segment in enumerate(block.segments):
            ends = place >= len(following) or bool(following[place].command)
            self._play_segment(terminal, block, segment, ends)

    def _play_segment(self, terminal: Terminal, block: Block, segment: Segment, ends: bool) -> None:
        if segment.command and not self._playable(segment.command):
            self.show(block.terminal, f"({segment.command}: not played here)")
            return
        self._act(terminal, block.terminal, segment)
        shown = self._read(terminal, block.terminal, None if ends else len(segment.output))
        insist(segment.output, shown, segment.line)
        wanted = self.interrupted if segment.interrupt else (block.status,)
        if ends and terminal.status not in wanted:
            raise Mismatch(f"README line {segment.line}: ended with status {terminal.status}, not {wanted[0]}")

    def _playable(self, command: str) -> bool:
        """Return whether this is one of our commands; `diff` is not on Windows, and differs for a student's folder."""
        return command.startswith("python ") or not (WINDOWS or self.folder != ROOT)

    def _act(self, terminal: Terminal, number: int, segment: Segment) -> None:
        if segment.command:
            self.show(number, "$ " + segment.command)
            terminal.type(segment.command)
        elif segment.interrupt:
            self.show(number, "^C")
            terminal.interrupt()

    def _read(self, terminal: Terminal, number: int, count: int | None) -> list[str]:
        """Return the next `count` lines, or all up to the command's end."""
        lines: list[str] = []
        while count is None or len(lines) < count:
            try:
                line = terminal.line(self.line_seconds)
            except Late as late:
                return [*lines, f"({late})"]
            if line is None:
                break
            for actual, told in self.renamed.items():
                line = line.replace(actual, told)
            lines.append(line)
            self.show(number, line)
        return lines


class OrderlyPlayer(Player):
    """For scripts that take Ctrl+C as the request to end in good order, and counts that settle a moment later.

    A `status` that does not show what is told is typed again, until `SETTLING_SECONDS` are over.
    """

    interrupted = (0,) if not WINDOWS else INTERRUPTED

    def _play_segment(self, terminal: Terminal, block: Block, segment: Segment, ends: bool) -> None:
        deadline = time.monotonic() + SETTLING_SECONDS
        while True:
            try:
                return super()._play_segment(terminal, block, segment, ends)
            except Mismatch:
                if "local status" not in segment.command or terminal.busy or time.monotonic() > deadline:
                    raise


def actor(line: str) -> str:
    """Return who prints the line: the word before the colon or arrow, the name in 'Halting worker T1', 'T1 halted.'"""
    told = re.match(r"(\w+)(?:: | -> )|(\w+) (?:starting|halted\.)$|Halting (?:worker|consumer) (\w+)$", line)
    return next((name for name in told.groups() if name), "") if told else ""


def insist(told: list[str], shown: list[str], line: int = 0) -> None:
    """Raise Mismatch unless each actor shows what is told, in the README's `line` if it is there."""
    if not same(told, shown):
        head = (f"README line {line}: " if line else "") + "the terminal does not show what is told"
        raise Mismatch("\n".join([head, "told:", *told, "shown:", *shown]))


def same(expected: list[str], shown: list[str]) -> bool:
    """Return whether each actor shows what is expected of it; actors told apart by a number alone may swap."""
    wanted, got = _by_actor(expected), _by_actor(shown)
    numbered, others = ([name for name in lines if re.fullmatch(r"[A-Z]\d", name)] for lines in (wanted, got))
    for order in permutations(others, len(numbered)):
        names = dict(zip(numbered, order, strict=True))
        if all(new[0] == old[0] for old, new in names.items()) and _renamed(wanted, names) == got:
            return True
    return False


def _by_actor(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(actor(line), []).append(line)
    return found


def _renamed(lines: dict[str, list[str]], names: dict[str, str]) -> dict[str, list[str]]:
    return {
        names.get(name, name): [re.sub(rf"\b{name}\b", names.get(name, name), line) if name else line for line in told]
        for name, told in lines.items()
    }
