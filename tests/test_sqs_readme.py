"""The package's chapter is true: its terminals show what it says, and its tables are those of the code."""

import ast
import inspect
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import ROOT
from folded import Folded
from sqs_emulator import KEYS, at, free_port
from sqs_policies import POLICIES, permitted
from waiting import run, until

import sqs_pipes
from chapters import playing
from chapters.playing import OrderlyPlayer, same
from chapters.reading import README as TUTORIAL
from chapters.reading import Chapter, Excerpt, chapters, excerpts, fences
from chapters.terminal import WINDOWS
from sqs_pipes import TaskCallback, TaskClient, envelope, errors, lanes, queues, ready, settings, task
from sqs_pipes import run as stage_run
from sqs_pipes.emulator import Emulator
from sqs_pipes.sqs import Sqs
from sqs_pipes.task import KEYS as TASK_KEYS
from sqs_pipes.task import Task

FOLDER = ROOT / "sqs_pipes"
README = FOLDER / "README.md"
TEXT = README.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#+ ([^\n]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
LESSONS = ["words", "producer", "stage", "workflow", "workflow2"]
EXAMPLES = sorted(path.stem for path in (FOLDER / "examples").glob("[!_]*.py"))
SCRIPTS = [*LESSONS, *(f"examples.{name}" for name in EXAMPLES if name != "seed")]
LINKS = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT)


class Shown(Folded):
    told: ClassVar = {r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "0b1e5f6a-…"}


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An SQS without queues, to which the AWS_* variables lead; the one of the lessons."""
    with Emulator.launch(tmp_path) as found:
        for name, value in at(found.endpoint).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        yield found


@pytest.fixture
def no_sqs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No endpoint, no credentials, and no emulator that was started."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in KEYS.keys() - {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}:
        monkeypatch.setenv(name, KEYS[name])
    monkeypatch.setenv("SQS_PIPES_FOLDER", str(tmp_path))


LONG = (3, 6, 8)
"""The chapters that take longest: timeouts of SQS pass in them."""


def marked(chapter: Chapter) -> Any:
    """Return the chapter as a parameter, in its tier."""
    marks = [pytest.mark.slow] if chapter.number in LONG else []
    return pytest.param(chapter, id=f"chapter{chapter.number}", marks=marks)


@pytest.mark.skipif(WINDOWS, reason="there is no Ctrl+C for another process's terminal")
@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("chapter", [marked(chapter) for chapter in chapters(README)])
def test_its_terminals_show_what_the_chapter_says(chapter: Chapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "Terminal", Shown)
    OrderlyPlayer(ROOT, os.environ).play(chapter)


@pytest.mark.parametrize("excerpt", excerpts(README), ids=lambda e: f"line{e.line}")
def test_an_excerpt_is_in_its_file(excerpt: Excerpt) -> None:
    assert f"\n{excerpt.text}\n" in "\n" + (FOLDER / excerpt.file).read_text(encoding="utf-8")


def test_every_piece_of_python_is_an_excerpt_or_a_line() -> None:
    assert [fence.line for fence in fences(README) if fence.info == "python"] == []


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_what_it_links_to_exists(link: str) -> None:
    assert (FOLDER / link).exists()


def test_its_links_within_lead_to_its_headings() -> None:
    headings = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.+)$", TEXT, re.M)]
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= set(headings)


def test_the_tutorial_leads_here() -> None:
    chapter10 = TUTORIAL.read_text(encoding="utf-8").partition("\n## 10. ")[2].partition("\n## ")[0]
    assert "](sqs_pipes/README.md)" in chapter10


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_played_and_has_no_ceremony(script: str) -> None:
    typed = [s.command for c in chapters(README) for b in c.blocks for s in b.segments]
    assert script == "stage" or [command for command in typed if f"python -m sqs_pipes.{script}" in command]
    lines = (FOLDER / f"{script.replace('.', '/')}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (64 if script in ("words", "stage") else 40)
    assert re.match(r'"""[^"]+', lines[0])
    kinds = {type(node) for node in ast.walk(ast.parse("\n".join(lines)))}
    assert not kinds & {ast.Try, ast.AnnAssign}
    assert not re.search(r"argparse|logging", "\n".join(lines))


def test_each_diagram_is_told_in_words_too() -> None:
    diagrams = [fence.lines[0] for fence in fences(README) if fence.info == "mermaid"]
    assert diagrams == ["flowchart LR"]
    assert "*In words:" in TEXT.partition("```mermaid")[2].partition("```\n")[2][:20]


def rows(section: str) -> list[list[str]]:
    """Return the cells of the first table in a section, without its head."""
    table = re.search(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)
    assert table
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def told(section: str) -> list[tuple[str, object]]:
    """Return the names of a table of settings, and their defaults as Python has them."""
    return [
        (name.strip("`"), "required" if default == "required" else ast.literal_eval(default.strip("`")))
        for name, default, *_ in rows(section)
    ]


@pytest.mark.parametrize(
    ("section", "called"),
    [("`TaskClient`", TaskClient), ("`TaskClient.run`", TaskClient.run), ("`TaskClient.submit`", TaskClient.submit)],
)
def test_the_settings_are_those_of_the_code(section: str, called: Callable[..., object]) -> None:
    parameters = [p for p in inspect.signature(called).parameters.values() if p.name != "self"]
    actual = [(p.name, "required" if p.default is p.empty else p.default) for p in parameters]
    assert sorted(told(section)) == sorted(actual)


def test_the_keys_of_a_task_are_those_of_the_code() -> None:
    defaults = {p.name: p.default for p in inspect.signature(Task).parameters.values()}
    given = dict(told("A task"))
    assert list(given) == list(TASK_KEYS)
    assert [given[name] for name in ("workers", "priorities", "interval")] == [
        defaults[name] for name in ("workers", "priorities", "interval")
    ]


def test_the_rest_of_a_client_is_told() -> None:
    named = re.findall(r"`(\w+)", "".join(row[0] for row in rows("The rest of a `TaskClient`")))
    public = [name for name in vars(TaskClient) if not name.startswith("_")]
    assert sorted([*named, "run", "submit"]) == sorted(public)


def test_what_a_task_may_return_is_told() -> None:
    assert str(inspect.signature(TaskCallback)).startswith("(result:")
    shown = "".join(row[0] for row in rows("What a task may return"))
    assert all(name in shown or name in ("TaskClient",) for name in sqs_pipes.__all__)


def test_the_errors_are_those_of_the_code() -> None:
    kinds = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert ["PipesError", *(row[0].strip("`") for row in rows("Errors"))] == kinds
    for name in kinds[1:]:
        assert issubclass(getattr(errors, name), ValueError) == name.startswith("Wrong")


@pytest.mark.usefixtures("emulator")
def test_the_threads_have_the_names_that_the_table_says() -> None:
    client, working, go_on = TaskClient("threads", progress=True), threading.Event(), threading.Event()

    def work(value: int) -> None:
        working.set()
        go_on.wait(60)

    client.register_tasks([{"method": int, "name": "first", "priorities": 2}, {"method": work, "workers": 2}])
    before = set(threading.enumerate())
    client.submit()
    running = threading.Thread(target=client.run, args=("work",), name="the caller")
    running.start()
    assert working.wait(60)

    def names() -> set[str]:
        threads = set(threading.enumerate()) - before - {running}
        return {re.sub(r"\d+$", "N", thread.name.replace("work ", "NAME ", 1)) for thread in threads}

    try:
        until(names, {row[0].strip("`").replace("LEVEL", "N") for row in rows("Threads")[1:]}, 20)
    finally:
        client.stop()
        go_on.set()
        running.join()


def test_the_chapter_lists_what_the_policies_permit() -> None:
    shown = {row[0].partition("policies/")[2].rstrip(")"): row[2] for row in rows("12. Who may do what")}
    assert {name: re.findall(r"`(\w+)`", told) for name, told in shown.items()} == {
        f"{policy}.json": permitted(policy) for policy in POLICIES
    }


def test_the_numbers_are_those_of_the_code() -> None:
    told = {
        "After five times it moves it to the **dead-letter queue**": queues.RECEIVES == 5,
        "They are kept for 14 days": queues.RETENTION_SECONDS == 14 * 86_400,
        "1 MiB for a message": envelope.MOST_BYTES == 2**20,
        "80 characters for a queue's name": task.MOST_NAME == 80,
        "Ours: 16 priorities": task.MOST_PRIORITIES == 16,
        "What it takes in that time is hidden for 5 seconds": lanes.LEFT_BEHIND_SECONDS == 5,
        "when a message comes, or after 20 seconds": lanes.LONGEST_POLL_SECONDS == 20,
        "after eight batches of higher levels it gets a turn": lanes.PATIENCE == 8,
        "as much ahead as they do in half a second": ready.AHEAD_SECONDS == 0.5,
        "within 1 second after `stop()`": stage_run.LAST_SECONDS == 1,
        "After 12 hours in all": settings.LONGEST_VISIBILITY_SECONDS == 12 * 3600,
    }
    text = " ".join(TEXT.split())
    assert [words for words, holds in told.items() if words not in text or not holds] == []


WRONG = ["", "x", "reduce x", "reduce 1 2", "generate a", "generate 0", "generate 1 2 3"]


@pytest.mark.usefixtures("no_sqs")
@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_argument_of_the_words_is_told_in_one_line(words: str) -> None:
    ended = run(ROOT, "-m", "sqs_pipes.words", *words.split())
    assert ended.returncode == 1
    assert re.fullmatch(r".*python -m sqs_pipes\.words generate\|reduce\|count .*\n", ended.stderr)


@pytest.mark.usefixtures("no_sqs")
@pytest.mark.parametrize(
    "script", ["words count", "producer", "workflow", "workflow2", "examples.reader", "local status"]
)
def test_without_an_sqs_a_script_says_so_in_one_line(script: str) -> None:
    ended = run(ROOT, "-m", *f"sqs_pipes.{script}".split())
    assert (ended.returncode, ended.stdout) == (2 if "local" in script else 1, "")
    assert re.fullmatch(r".*: there are no AWS credentials, .* python -m sqs_pipes\.local start\n", ended.stderr)


@pytest.mark.usefixtures("no_sqs")
def test_an_sqs_that_is_away_is_told_in_one_line_for_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{free_port()}")
    stages = run(ROOT, "-m", "sqs_pipes.workflow").stderr.splitlines()
    assert len(stages) == 2
    assert all("failed (EndpointConnectionError" in line for line in stages)


@pytest.mark.usefixtures("no_sqs")
def test_a_lesson_that_is_wrong_keeps_its_traceback() -> None:
    wrong = "import sqs_pipes.one_line; from sqs_pipes import TaskClient; TaskClient('a--b')"
    assert run(ROOT, "-c", wrong).stderr.startswith("Traceback")


# side by side


def known_tests() -> set[str]:
    """Return the names of all tests."""
    files = [*(ROOT / "tests").glob("test_*.py"), *(ROOT / "tests" / "faults").glob("test_*.py")]
    return {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)}


def test_each_row_of_the_comparison_names_two_tests_that_exist() -> None:
    named = [re.findall(r"`(test_\w+)`", row[3]) for row in rows("16. RabbitMQ and SQS side by side")]
    assert {len(pair) for pair in named} == {2}
    assert {name for pair in named for name in pair} <= known_tests()


def transcript(path: Path, number: int, command: str) -> list[str]:
    """Return what a chapter says that a command shows, from its start to its end."""
    (chapter,) = (chapter for chapter in chapters(path) if chapter.number == number)
    blocks = [block for block in chapter.blocks if block.terminal == 1]
    segments = [segment for block in blocks for segment in block.segments]
    begun = next(place for place, segment in enumerate(segments) if segment.command == command)
    found = list(segments[begun].output)
    for segment in segments[begun + 1 :]:
        if segment.command or segment.interrupt:
            break
        found += segment.output
    return found


@pytest.mark.parametrize(
    ("theirs", "ours", "name"),
    [(7, 5, "workflow"), (8, 6, "workflow2")],
)
def test_the_work_flows_print_what_their_twins_print(theirs: int, ours: int, name: str) -> None:
    twin = transcript(TUTORIAL, theirs, f"python {name}.py")
    assert len(twin) > 5
    assert same(twin, transcript(README, ours, f"python -m sqs_pipes.{name}"))


def test_rabbitmq_keeps_what_was_sent_twice(vhost: str, plain, held) -> None:
    assert run(ROOT, "producer.py", "hello", "hello").returncode == 0
    assert held("my_queue") == (2, 0, 0)


@pytest.mark.usefixtures("emulator")
def test_a_killed_readers_message_is_hidden_until_its_timeout_is_over(emulator: Emulator) -> None:
    assert run(ROOT, "-m", "sqs_pipes.producer", "Hello").returncode == 0
    assert run(ROOT, "-m", "sqs_pipes.examples.crash").returncode == 1
    sqs = Sqs(None, None, "us-west-2")
    url = sqs.url("lesson-my_queue.fifo")
    assert url
    assert sqs.receive(url, 1, 0, 0) == []
    until(lambda: [message.receives for message in sqs.receive(url, 1, 1, 0)], [2])


# its figures are those of the last benchmarks

RESULTS = ROOT / "benchmarks" / "results"
FIGURES = dict(re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", TEXT, re.DOTALL))


def cells(table: str) -> list[list[str]]:
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize("job", ["words", "tasks", "idle", "memory"])
def test_its_table_of_speed_is_the_benchmarks(job: str) -> None:
    text = (RESULTS / "sqs_pipes.md").read_text(encoding="utf-8")
    measured = cells(re.split(rf"^## {job}:", text, flags=re.MULTILINE)[1].split("\n## ")[0])
    told = cells(FIGURES[job])
    columns = [measured[0].index(title) for title in told[0]]
    assert told[2:] == [[row[column] for column in columns] for row in measured[2:]]


def test_its_table_of_faults_is_the_benchmarks() -> None:
    measured = cells((RESULTS / "sqs_faults.md").read_text(encoding="utf-8"))
    titles = measured[0]
    found = {(row[0], row[1] == "ours"): dict(zip(titles, row, strict=True)) for row in measured[2:]}
    told = cells(FIGURES["faults"])[2:]
    assert {row[0] for row in told} == {case for case, ours in found if ours and found[case, ours]["attempted"]}
    for case, attempted, lost, duplicated, kept, held_up, *theirs in told:
        mine, other = found[case, True], found[case, False]
        assert [mine[title] for title in ("attempted", "lost", "duplicated", "kept", "held up s")] == [
            attempted, lost, duplicated, kept, held_up,
        ]  # fmt: skip
        arrived = [int(other[title].replace(",", "")) for title in ("attempted", "arrived")]
        assert theirs == [str(arrived[0] - arrived[1]), other["duplicated"], other["held up s"]]
        assert (lost, duplicated) == ("0", "0")


# the seed's script


@pytest.mark.usefixtures("emulator")
@pytest.mark.skipif(WINDOWS, reason="there is no SIGINT for another process")
def test_the_seeds_script_runs_in_three_processes_as_the_chapter_says() -> None:
    (commands,) = (fence.lines for fence in fences(README) if fence.lines[-1].endswith("seed count"))
    stages = []
    for command in commands[1:]:
        words = [sys.executable, "-u", *command.split()[1:]]
        stages.append(subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    try:
        lines = [[stage.stdout.readline().strip() for _ in range(8)] for stage in stages if stage.stdout]
    finally:
        for stage in stages:
            stage.send_signal(signal.SIGINT)
    # Not communicate(): it would miss what readline() has read ahead.
    rest = [stage.stdout.read().splitlines() for stage in stages if stage.stdout]
    for stage in stages:
        if stage.stdout:
            stage.stdout.close()
    assert [stage.wait(90) for stage in stages] == [0, 0, 0]
    made, reduced, counted = ([line.rstrip() for line in first + last] for first, last in zip(lines, rest, strict=True))
    vowels = {word: "".join(letter for letter in word if letter in "aeiou") for word in made}
    assert {line.partition(" ->")[0] for line in reduced + counted} <= set(made)
    assert all(line == f"{word} -> {vowels[word]}".rstrip() for line in reduced if (word := line.partition(" ->")[0]))
    assert all(line == f"{word} -> {len(vowels[word])}" for line in counted if (word := line.partition(" ->")[0]))
