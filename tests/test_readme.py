"""Every command block of the README shows what the README says, and every excerpt is in its file."""

import os
from pathlib import Path

import pytest
from conftest import ROOT

from brokers.broker import Broker
from chapters.playing import Player
from chapters.reading import Chapter, chapters


def marked(chapter: Chapter) -> object:
    name = f"chapter{chapter.number}"
    return pytest.param(chapter, id=name, marks=getattr(pytest.mark, name))


@pytest.mark.parametrize("chapter", [marked(chapter) for chapter in chapters()])
def test_its_terminals_show_what_the_chapter_says(chapter: Chapter, broker: Broker, vhost: str, work: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    Player(work, environment).play(chapter)
