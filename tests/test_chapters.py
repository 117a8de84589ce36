"""The README's reader and player: what they read, and that they find each difference between README and terminal."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from chapters.playing import Mismatch, Player, same
from chapters.reading import chapters
from chapters.terminal import Terminal

ECHO = "python -c \"print('one'); print('two')\""


def readme(folder: Path, *blocks: str, info: str = "console") -> Path:
    text = "## 1. Try\n\n" + "".join(f"**Terminal 1** now:\n\n```{info}\n{block}\n```\n\n" for block in blocks)
    (folder / "README.md").write_text(text, encoding="utf-8")
    return folder / "README.md"


def play(folder: Path, *blocks: str, info: str = "console") -> list[str]:
    shown: list[str] = []
    player = Player(folder, os.environ, show=lambda terminal, line: shown.append(f"{terminal} {line}"))
    for chapter in chapters(readme(folder, *blocks, info=info)):
        player.play(chapter)
    return shown


def test_a_chapter_is_played_as_it_stands(tmp_path: Path) -> None:
    assert play(tmp_path, f"$ {ECHO}\none", "two") == [f"1 $ {ECHO}", "1 one", "1 two"]


@pytest.mark.parametrize("told", ["one\nTWO", "one", "one\ntwo\nthree", "two\none", ""])
def test_other_output_is_a_mismatch(tmp_path: Path, told: str) -> None:
    with pytest.raises(Mismatch, match="README line 6"):
        play(tmp_path, f"$ {ECHO}\n{told}".rstrip())


def test_output_that_comes_after_the_last_line_told_is_a_mismatch(tmp_path: Path) -> None:
    with pytest.raises(Mismatch):
        play(tmp_path, f"$ {ECHO}\none", "$ python -c \"print('three')\"\nthree")


def test_another_exit_status_is_a_mismatch(tmp_path: Path) -> None:
    leave = '$ python -c "raise SystemExit(3)"'
    assert play(tmp_path, leave, info="console exit=3")
    with pytest.raises(Mismatch, match="ended with status 3, not 0"):
        play(tmp_path, leave)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty to press Ctrl+C in")
def test_ctrl_c_reaches_the_command_and_a_command_that_ignores_it_is_found(tmp_path: Path) -> None:
    wait = "import signal; print('waits', flush=True); signal.pause()"
    (tmp_path / "waits.py").write_text("import signal; signal.signal(2, signal.SIG_DFL); " + wait, encoding="utf-8")
    leaves = f"import sys\ntry:\n    {wait}\nexcept KeyboardInterrupt:\n    sys.exit(5)\n"
    (tmp_path / "leaves.py").write_text(leaves, encoding="utf-8")
    assert play(tmp_path, "$ python waits.py\nwaits", "^C")[-1] == "1 ^C"
    with pytest.raises(Mismatch, match="ended with status 5"):
        play(tmp_path, "$ python leaves.py\nwaits", "^C")


def test_what_differs_between_runs_is_renamed(tmp_path: Path) -> None:
    player = Player(tmp_path, os.environ, {str(os.getpid()): "5672"})
    for chapter in chapters(readme(tmp_path, f'$ python -c "print({os.getpid()})"\n5672')):
        player.play(chapter)


@pytest.mark.parametrize(
    ("shown", "equal"),
    [
        (["P1: A", "T1: a", "P2: B"], True),
        (["T1: a", "P2: A", "P1: B"], True),
        (["P1: A", "P2: B"], False),
        (["P1: A", "T1: a", "P1: B"], False),
        (["P1: B", "T1: a", "P2: A", "P2: C"], False),
        (["P1: A", "P2: A", "T1: a"], False),
    ],
)
def test_lines_are_compared_actor_by_actor_and_numbered_actors_may_swap(shown: list[str], equal: bool) -> None:
    assert same(["P1: A", "P2: B", "T1: a"], shown) is equal


def test_the_actor_that_shows_a_line_may_be_another_of_its_kind() -> None:
    assert same(["Halting worker T1", "Halting consumer P2", "P2 halted."],
                ["Halting worker T1", "Halting consumer P1", "P1 halted."])  # fmt: skip
    assert not same(["P2 halted."], ["T1 halted."])
    assert not same(["P2 halted."], ["P1 halted.", "P2 halted."])
    assert not same(["P1: A", "P2: B"], ["P1: A"])


def test_one_actor_has_one_order() -> None:
    assert not same(["Printer starting", "Printer halted."], ["Printer halted.", "Printer starting"])
    assert same(["Printer starting", "ToUpper starting"], ["ToUpper starting", "Printer starting"])


@pytest.mark.parametrize("text", ["```console\n$ python x.py\n```", "## 1. Try\n\nno terminal\n\n```console\n$ x\n```"])
def test_a_block_that_nobody_could_play_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"README\.md:\d+: a console block"):
        chapters(tmp_path / "README.md")


@pytest.fixture
def demo(terminal: Callable[..., Terminal], vhost: str, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in which the demo uses the suite's broker."""
    monkeypatch.setenv("RABBITMQ_FROM", "environment")
    return terminal(ROOT)


def test_the_demo_shows_each_terminal_and_ends_with_what_to_type_next(demo: Terminal) -> None:
    demo.type("python -m chapters 3")
    shown = list(iter(demo.line, None))
    assert demo.status == 0
    assert "Terminal 1 | $ python producer.py Hello world" in shown
    assert "Terminal 1 | my_queue      2               0          0" in shown
    assert "  python broker.py start" in shown[-2:]


def test_ctrl_c_ends_the_demo_and_what_it_started(demo: Terminal) -> None:
    demo.type("python -m chapters 8")
    while "T1: goodbye" not in (demo.line() or ""):
        assert demo.busy
    demo.interrupt()
    assert list(iter(demo.line, None))[-1] == "Stopped; what the demo started is ended."
    assert demo.status == 130
