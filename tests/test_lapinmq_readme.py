"""The package's chapter is true: its terminals show what it says, and its tables are those of the code."""

import ast
import importlib.util
import inspect
import json
import os
import re
import threading
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from conftest import ROOT
from folded import Folded

from brokers.broker import Broker
from chapters import playing
from chapters.playing import Player
from chapters.reading import Chapter, Excerpt, chapters, excerpts, fences
from chapters.terminal import WINDOWS
from lapinmq import Binding, Connection, Consumer, Message, MessageStatus, Publisher, address, errors, retries

FOLDER = ROOT / "lapinmq"
README = FOLDER / "README.md"
TEXT = README.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#+ ([^\n]+)\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL))
SCRIPTS = sorted(path.stem for path in (FOLDER / "examples").glob("[!_]*.py"))
LINKS = re.findall(r"\]\(([^)#:]+)\)", TEXT)

SECONDS = {"connected after": "0.1", "of a message in": "0.8"}
"""What log lines say of seconds, which differ from run to run, and what the chapter says there."""


class Shown(Folded):
    told: ClassVar = {rf"{words} \d\.\d s": f"{words} {told} s" for words, told in SECONDS.items()}


def played(chapter: Chapter, broker: Broker, vhost: str) -> None:
    """Play it where the broker's address is that of a first day."""
    names = {f"{broker.host}:{broker.port} (vhost {vhost})": "localhost:5672"}
    Player(ROOT, {**os.environ, "PYTHONPATH": str(ROOT)}, names).play(chapter)


@pytest.mark.parametrize("chapter", chapters(README), ids=lambda c: f"chapter{c.number}")
def test_its_terminals_show_what_the_chapter_says(
    chapter: Chapter, broker: Broker, vhost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "Terminal", Shown)
    monkeypatch.setattr(Player, "interrupted", (1,) if WINDOWS else (0,))  # wait_for_sigterm() takes the signal
    played(chapter, broker, vhost)


@pytest.mark.parametrize("excerpt", excerpts(README), ids=lambda e: f"line{e.line}")
def test_an_excerpt_is_in_its_file(excerpt: Excerpt) -> None:
    assert f"\n{excerpt.text}\n" in "\n" + (FOLDER / excerpt.file).read_text(encoding="utf-8")


def test_every_piece_of_python_is_an_excerpt_or_a_line() -> None:
    assert [fence.line for fence in fences(README) if fence.info == "python"] == []


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_what_it_links_to_exists(link: str) -> None:
    assert (FOLDER / link).exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_example_is_played_and_has_no_ceremony(script: str) -> None:
    typed = [s.command for c in chapters(README) for b in c.blocks for s in b.segments]
    assert [command for command in typed if f"python -m lapinmq.examples.{script}" in command]
    lines = (FOLDER / "examples" / f"{script}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert re.fullmatch(r'""".+[.:A-Z ]"""', lines[0])
    assert not re.search(r"argparse|__main__|logging|: (?:str|int)\b", "\n".join(lines))


def test_each_diagram_is_told_in_words_too() -> None:
    diagrams = [fence.lines[0] for fence in fences(README) if fence.info == "mermaid"]
    assert diagrams == ["flowchart LR"]
    assert "*In words:" in TEXT.partition("```mermaid")[2].partition("```\n")[2][:20]


def rows(section: str) -> list[list[str]]:
    """Return the cells of the table in a section, without its head."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in SECTIONS[section].splitlines()
            if line.startswith("|")][2:]  # fmt: skip


def named(section: str) -> list[str]:
    """Return what the first cells of the table name."""
    return [name for row in rows(section) for name in re.findall(r"`(\w+)", row[0])]


@pytest.mark.parametrize(
    ("section", "called"),
    [("`Publisher`", Publisher), ("`Publisher.send_message`", Publisher.send_message), ("`Consumer`", Consumer),
     ("`Connection`", Connection), ("`Binding`", Binding)],
)  # fmt: skip
def test_the_settings_are_those_of_the_code(section: str, called: type) -> None:
    told = {name.strip("`"): "required" if default == "required" else ast.literal_eval(default.strip("`"))
            for name, default, *_ in rows(section)}  # fmt: skip
    parameters = [p for p in inspect.signature(called).parameters.values() if p.name != "self"]
    assert list(told.items()) == [(p.name, "required" if p.default is p.empty else p.default) for p in parameters]


@pytest.mark.parametrize("name", ["start", "stop", "flush"])
def test_waits_are_half_a_minute_by_default(name: str) -> None:
    assert f"`{name}`" in SECTIONS["`Binding`"]
    for kind in (Publisher, Consumer):
        if hasattr(kind, name):
            assert inspect.signature(getattr(kind, name)).parameters["timeout"].default == 30.0


def test_the_errors_are_those_of_the_code() -> None:
    kinds = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert ["LapinError", *named("Errors")] == kinds
    assert issubclass(errors.Blocked, errors.TimedOut)


def test_the_variables_are_those_of_the_code() -> None:
    source = (FOLDER / "address.py").read_text(encoding="utf-8")
    assert set(named("1. Taking it to work")) == set(re.findall(r'get\("(RABBITMQ_\w+)"', source))


def test_the_headers_are_those_of_the_code() -> None:
    assert set(re.findall(r"x-lapinmq-[\w-]+", TEXT)) == {
        retries.COUNT, retries.DUE, retries.REASON, retries.QUEUE, *retries.ORIGIN,
    }  # fmt: skip


def test_the_statuses_are_those_of_the_code() -> None:
    assert re.findall(r"`MessageStatus\.(\w+)` \|", TEXT) == list(MessageStatus.__members__)


def test_a_message_has_what_the_table_says() -> None:
    assert [name for name in named("A message") if not hasattr(Message, name) and name != "retries"] == []
    assert "retries" in Message.__slots__


@pytest.mark.usefixtures("vhost")
def test_the_threads_have_the_names_that_the_table_says(broker: Broker) -> None:
    before = set(threading.enumerate())
    with Consumer("words", lambda _: MessageStatus.SUCCESS, 2), Publisher():
        names = {thread.name for thread in set(threading.enumerate()) - before}
    told = [pattern for row in rows("Threads") for pattern in re.findall(r"`(lapinmq [^`]+)`", row[0])]
    io, workers = (each.replace("HOST:PORT", f"{broker.host}:{broker.port}").replace("QUEUE", "words") for each in told)
    assert {name.partition(" (vhost")[0] for name in names} == {io, *(workers.replace("N", number) for number in "12")}


def test_the_heartbeat_is_the_one_that_it_tells() -> None:
    assert f"lapinmq asks for {address.HEARTBEAT_SECONDS} seconds" in TEXT


@pytest.fixture(scope="module")
def latency() -> ModuleType:
    """The script that draws the plot."""
    found = importlib.util.spec_from_file_location("latency", ROOT / "docs" / "images" / "latency.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_plot_and_its_table_are_drawn_from_the_same_figures(latency: ModuleType) -> None:
    figures = json.loads(latency.FIGURES.read_text(encoding="utf-8"))
    assert latency.PLOT.read_text(encoding="utf-8") == latency.drawn(figures)
    assert latency.table(figures) in TEXT


def test_the_plot_takes_the_medians_of_a_run(latency: ModuleType, tmp_path: Path) -> None:
    run = {f"ours, {kind}, through {ms} ms": [{"rate": rate} for rate in (9.0, 1.0, len(kind) * float(ms))]
           for kind in ("sync", "async") for ms in ("0", "5", "50")}  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps({"distance": run}), encoding="utf-8")
    assert latency.medians(tmp_path / "run.json") == {
        "async": {"0": 1, "5": 9, "50": 9}, "sync": {"0": 1, "5": 9, "50": 9},
    }  # fmt: skip
