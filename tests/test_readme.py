"""The README is true: its terminals show what it says, its excerpts stand in their files, its commands exist."""

import os
import re
import threading
from pathlib import Path

import pytest
from conftest import ROOT
from pika import ConnectionParameters

import errors
from chapters.playing import Player
from chapters.reading import EXERCISES, README, Chapter, Excerpt, chapters, excerpts, fences
from endings import BrokerError, NotText


def marked(chapter: Chapter) -> object:
    name = f"chapter{chapter.number}"
    return pytest.param(chapter, id=name, marks=getattr(pytest.mark, name))


@pytest.mark.usefixtures("vhost")
@pytest.mark.parametrize("chapter", [marked(c) for c in chapters() if c.number != EXERCISES])
def test_its_terminals_show_what_the_chapter_says(chapter: Chapter, work: Path) -> None:
    Player(work, {**os.environ, "PYTHONPATH": str(ROOT)}).play(chapter)


@pytest.mark.parametrize("excerpt", excerpts(), ids=lambda e: f"line{e.line}")
def test_an_excerpt_is_in_its_file(excerpt: Excerpt) -> None:
    assert f"\n{excerpt.text}\n" in "\n" + (ROOT / excerpt.file).read_text(encoding="utf-8")


def test_every_lesson_is_shown_and_played() -> None:
    typed = "\n".join(s.command for c in chapters() for b in c.blocks for s in b.segments)
    for lesson in ("producer", "consumer1", "consumer2", "consumer3", "workflow", "workflow2"):
        assert f"python {lesson}.py" in typed


def test_every_make_command_it_names_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", README.read_text(encoding="utf-8"))) <= targets


def test_every_file_it_links_to_exists() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert [name for name in linked if not (ROOT / name).exists()] == []


def test_each_exchange_type_has_a_diagram_and_the_same_in_words() -> None:
    text = README.read_text(encoding="utf-8")
    diagrams = [fence for fence in fences() if fence.info == "mermaid"]
    assert len(diagrams) == text.count("```mermaid") == text.count("\n*In words: ")
    assert [d.lines[0] for d in diagrams] == ["flowchart LR"] * len(diagrams)


def stumbling_blocks() -> list[str]:
    """Return the lines that Troubleshooting shows, each of which test_errors.py and test_rabbit.py make happen."""
    shown = [fence for fence in fences() if fence.chapter == "## Troubleshooting" and fence.info == "text"]
    return [fence.lines[0] for fence in shown if fence.lines[0].startswith(("queue ", "endings."))]


def other_lines(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the lines that do not come from errors.MEANINGS."""
    errors.decoded("caf\u00e9".encode("latin-1"), "my_queue")
    found = {capsys.readouterr().err.strip()}
    for message in (42, b"HALT"):
        with pytest.raises(NotText) as raised:
            errors.text(message, "my_queue")
        found.add(f"endings.NotText: {raised.value}")
    return found | {shared_line()}


def shared_line() -> str:
    """Return what publish() says in a thread named sender while the main thread owns the connection."""
    explained, owner = errors.Explained("my_queue", ConnectionParameters("localhost")), threading.current_thread()
    said = []

    def send() -> None:
        with pytest.raises(BrokerError) as raised:
            explained.to("publish", owner)
        said.append(str(raised.value))

    sender = threading.Thread(target=send, name="sender")
    sender.start()
    sender.join()
    return said[0]


def test_a_stumbling_block_is_shown_with_the_line_that_it_gives(capsys: pytest.CaptureFixture[str]) -> None:
    meanings = [re.sub(r"\\{\w+\\}", ".*", re.escape(meaning)) for _, _, meaning in errors.MEANINGS]
    known = re.compile(rf"queue my_queue at [\w.:]+(?: \(vhost \w+\))?: (?:{'|'.join(meanings)})")
    others = other_lines(capsys)
    assert [line for line in stumbling_blocks() if not known.fullmatch(line) and line not in others] == []
    assert len(stumbling_blocks()) >= 15
