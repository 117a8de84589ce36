"""The pictures of docs/images: drawn from the kept logs, true to them, for all readers; and the logs true to a run."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from brokers.broker import Broker
from chapters.reading import README
from pictures import stories
from pictures.gallery import EVENTS, IMAGES, drawn
from pictures.log import Log, read
from pictures.messages import counted

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = ["consumer1", "consumer2", "consumer3", "printers", "workflow2"]
LESSONS = DRAWN[:3]
READMES = [README, ROOT / "lapinmq" / "README.md", ROOT / "sqs_pipes" / "README.md"]
PICTURES = sorted(path.name for path in IMAGES.iterdir() if path.suffix in (".svg", ".png"))


def told(name: str) -> list[dict[str, Any]]:
    """Return the events of the kept log's first run, as they stand in the file."""
    return list(json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))["runs"][0]["events"])


def svg(name: str) -> ET.Element:
    return ET.parse(IMAGES / f"{name}.svg").getroot()


def words(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def arriving(name: str) -> tuple[list[str], list[str]]:
    """Return the messages that fly in as ready ones, and those that do as unacknowledged ones, by what is drawn."""
    ready, unacknowledged = [], []
    for group in svg(name).iter(f"{SVG}g"):
        if group.get("class") == "fly":
            message, *label = words(group)
            dashed = [path for path in group.iter(f"{SVG}path") if path.get("stroke-dasharray")]
            assert (label, len(dashed)) in [([], 0), (["unacknowledged"], 1)], "the shape and the label go together"
            (unacknowledged if label else ready).append(message)
    return ready, unacknowledged


def test_each_picture_is_what_its_log_gives_to_the_byte() -> None:
    kept = {f"{name}.svg": (IMAGES / f"{name}.svg").read_bytes() for name in DRAWN}
    assert {name: text.encode() for name, text in drawn().items()} == kept


def test_a_picture_is_drawn_from_the_log_and_nothing_else(tmp_path: Path) -> None:
    for name in DRAWN:
        text = (EVENTS / f"{name}.json").read_text(encoding="utf-8").replace('"Hello"', '"Salut"')
        text = re.sub(r'"rabbitmq": "[^"]*"', '"rabbitmq": "9.9"', text)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    other = drawn(tmp_path)
    assert ">Salut<" in other["consumer1.svg"]
    assert other["consumer1.svg"].count(">Hello<") == 3  # the key's
    assert "RabbitMQ 9.9" in other["printers.svg"]


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_needs_no_script_and_nothing_from_elsewhere(name: str) -> None:
    text = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
    tags = {element.tag.removeprefix(SVG) for element in svg(name).iter()}
    assert not tags & {"script", "image", "foreignObject", "a", "use"}
    assert not re.search(r"href|@import|@font-face|url\(|\bon\w+=", text)
    assert text.count("http") == 1  # the name space


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    root = svg(name)
    ids = {each.get("id"): each for each in root}
    named = [ids[identity] for identity in (root.get("aria-labelledby") or "").split()]
    assert [each.tag for each in named] == [f"{SVG}title", f"{SVG}desc"]
    assert len(named[0].text or "") > 20
    assert len((named[1].text or "").split()) > 30


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_respects_reduced_motion_and_the_dark(name: str) -> None:
    style = svg(name).findtext(f"{SVG}style") or ""
    assert re.search(r"@media \(prefers-reduced-motion:reduce\)\{\*\{animation:none!important\}\}", style)
    dark = re.search(r"@media \(prefers-color-scheme:dark\)\{(.*?)\n\}", style, re.DOTALL)
    light = style[: style.index("@media")]
    colours = re.compile(r"\.([\w-]+)\{(?:fill|stroke):(#\w+)\}")
    assert dark
    assert dict(colours.findall(dark[1])).keys() == dict(colours.findall(light)).keys()


@pytest.mark.parametrize("name", DRAWN)
def test_an_animation_plays_once_and_ends_as_the_file_stands(name: str) -> None:
    text = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
    assert "infinite" not in text
    assert "<animate" not in text  # which no media rule can stop
    style = svg(name).findtext(f"{SVG}style") or ""
    assert not re.search(r"forwards|both|\bto\{|100%\{", style)
    assert style.count(" backwards") == style.count("animation:") - 1  # all but the rule of reduced motion


@pytest.mark.parametrize("name", DRAWN)
def test_light_and_dark_can_be_read(name: str) -> None:
    style = svg(name).findtext(f"{SVG}style") or ""
    for scheme in (style[: style.index("@media")], style[style.index("@media") :]):
        colour = dict(re.findall(r"\.([\w-]+)-fill\{fill:(#\w+)\}", scheme))
        for ink, paper in [
            ("ink", "page"), ("ink", "lane"), ("soft", "page"), ("onfull", "ready"), ("onfull", "printer"),
            ("unacked", "held"), ("stop", "page"), ("onchip", "chip"), ("done", "page"),
        ]:  # fmt: skip
            assert contrast(colour[ink], colour[paper]) >= 4.5, (ink, paper)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("name", LESSONS)
def test_each_delivery_is_a_dashed_shape_with_the_label_unacknowledged(name: str) -> None:
    delivered = [event["message"] for event in told(name) if event["does"] == "delivers"]
    assert delivered
    assert arriving(name)[1] == delivered


@pytest.mark.parametrize("name", LESSONS)
def test_each_message_is_ready_when_published_and_when_it_comes_back(name: str) -> None:
    events = told(name)
    published = [event["message"] for event in events if event["does"] == "publishes"]
    again = [event["message"] for event in events if event.get("redelivered")]
    assert arriving(name)[0] == [*published, *again]


@pytest.mark.parametrize("name", LESSONS)
def test_the_picture_shows_each_printed_line_ack_and_count_of_the_log(name: str) -> None:
    shown, events = words(svg(name)), told(name)
    acks = sum(event["does"] == "acks" for event in events)
    assert shown.count("ack") == acks
    assert sum("acknowledged: the broker forgets it" in line for line in shown) == bool(acks)
    chips = [text.text for text in svg(name).iter(f"{SVG}text") if "mono" in (text.get("class") or "")]
    assert chips[:-1] == [event["message"] for event in events if event["does"] == "prints"]  # the last is the key's
    counts = [(event["ready"], event["unacknowledged"]) for event in events if event["does"] == "status"]
    pairs = re.findall(r"status: (\d+) ready,\n(\d+) unacknowledged", "\n".join(shown))
    assert [(int(ready), int(out)) for ready, out in pairs] == counts


@pytest.mark.parametrize("name", LESSONS)
def test_what_is_drawn_as_there_is_what_the_broker_said(name: str) -> None:
    (run,) = read(EVENTS / f"{name}.json").runs
    looks = [number for number, event in enumerate(run.events) if event.does == "status"]
    assert looks
    for number in looks:
        assert counted(run, number) == (run.events[number].ready, run.events[number].unacknowledged)


def flows(name: str) -> list[tuple[int, list[dict[str, Any]]]]:
    runs = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))["runs"]
    return [(run["count"], run["events"]) for run in runs]


def test_the_gantt_chart_has_each_word_where_and_as_long_as_the_log_says() -> None:
    root = svg("workflow2")
    bars = [(box, text) for box, text in zip(list(root)[:-1], list(root)[1:], strict=True)
            if box.tag == f"{SVG}rect" and text.tag == f"{SVG}text"]  # fmt: skip
    drawn_bars = [(text.text, float(box.get("height") or 0) + 1.5) for box, text in bars]
    logged = []
    for _, events in flows("workflow2"):
        acked = {(e["who"], e["message"]): e["at"] for e in events if e["does"] == "acks"}
        logged += [(e["message"], acked[e["to"], e["message"]] - e["at"]) for e in events if e["does"] == "delivers"]
    assert len(logged) == 2 * 2 * len(stories.WORDS)
    assert [word for word, _ in drawn_bars] == [word for word, _ in logged]
    pixels = {height / seconds for (_, height), (_, seconds) in zip(drawn_bars, logged, strict=True)}
    assert max(pixels) - min(pixels) < 0.01  # one scale for all


def test_the_gantt_chart_tells_one_printer_from_two() -> None:
    ends = [float(found) for found in re.findall(r"done after ([\d.]+) s", " ".join(words(svg("workflow2"))))]
    one, two = ends
    assert 17 <= one < 18.5
    assert 10 <= two < 11.5
    assert Counter(words(svg("workflow2")))["P2"] == 1


def test_the_plot_shows_what_was_measured() -> None:
    rates = []
    for _, events in flows("printers"):
        at = [e["at"] for e in events if e["does"] == "prints" and re.match(r"P\d: ", e["message"])]
        assert len(at) == stories.MEASURED
        rates.append(f"{(len(at) - 1) / (at[-1] - at[0]):.2f}")
    shown = words(svg("printers"))
    assert [word for word in shown if re.fullmatch(r"\d\.\d\d", word)] == rates
    assert f"measured: {stories.MEASURED} words each" in " ".join(shown)
    assert [count for count, _ in flows("printers")] == list(stories.PRINTERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_run_of_today_goes_as_the_kept_log_says(name: str, broker: Broker) -> None:
    assert actors(stories.lesson(broker, name)) == actors(read(EVENTS / f"{name}.json"))


def actors(log: Log) -> dict[str, list[tuple[object, ...]]]:
    """Return what each actor did, in its order; in between them there are many legal orders."""
    (run,) = log.runs
    done: dict[str, list[tuple[object, ...]]] = {}
    for e in run.events:
        counts = (e.ready, e.unacknowledged, e.consumers)
        done.setdefault(e.who, []).append((e.does, e.message, e.queue, e.to, e.redelivered, *counts))
    return done


def test_two_printers_are_workflow2_as_it_stands_and_one_is_a_line_less() -> None:
    source = (ROOT / "workflow2.py").read_text(encoding="utf-8")
    assert stories.with_printers(2) == source
    assert stories.with_printers(1) == source.replace('    launch(Printer, "P2"),\n', "")
    assert stories.with_printers(4).count("launch(Printer") == 4


@pytest.mark.usefixtures("vhost")
def test_without_chromium_the_screenshot_stays_and_a_line_says_what_to_install(tmp_path: Path) -> None:
    before = (IMAGES / "console.png").read_bytes()
    here = {**os.environ, "RABBITMQ_FROM": "environment", "PATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "pictures", "console"], cwd=ROOT, env=here, timeout=120, check=False,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    (line,) = [line for line in run.stdout.splitlines() if "console.png" in line]
    assert line == ("docs/images/console.png: left as it is; "
                    "no Chromium here; install it (Debian: apt-get install chromium)")  # fmt: skip
    assert (IMAGES / "console.png").read_bytes() == before
    assert "docs/images/consumer1.svg: drawn" in run.stdout


def test_a_picture_that_does_not_exist_is_named() -> None:
    run = subprocess.run([sys.executable, "-m", "pictures", "consumer4"], cwd=ROOT, timeout=90, check=False,
                         capture_output=True, encoding="utf-8")  # fmt: skip
    assert run.returncode == 1
    assert "no such picture: consumer4; there are consumer1, consumer2" in run.stdout


def test_the_screenshot_is_a_small_png() -> None:
    png = (IMAGES / "console.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(png) < 150_000
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert (width, 200 < height < 400) == (1000, True)


@pytest.mark.parametrize("name", PICTURES)
def test_a_chapter_uses_the_picture_with_a_text_alternative(name: str) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in READMES)
    (alternative,) = re.findall(rf"!\[([^\]]*)\]\((?:\.\./)?docs/images/{re.escape(name)}\)", text)
    assert len(alternative.split()) >= 10


def test_pictures_and_logs_name_no_place_of_the_machine_that_made_them() -> None:
    made = [path for path in [*IMAGES.glob("*.svg"), *EVENTS.iterdir()] if path.is_file()]
    assert len(made) > len(DRAWN)
    for path in made:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|root|work|tmp|Users)/|localhost|127\.0\.0\.1", text), path
