"""The README is true: its terminals show what it says, its excerpts stand in their files, its commands exist."""

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT

from chapters.playing import Player
from chapters.reading import README, Chapter, Excerpt, chapters, excerpts, fences


def marked(chapter: Chapter) -> object:
    name = f"chapter{chapter.number}"
    return pytest.param(chapter, id=name, marks=getattr(pytest.mark, name))


@pytest.mark.usefixtures("vhost")
@pytest.mark.parametrize("chapter", [marked(chapter) for chapter in chapters()])
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
