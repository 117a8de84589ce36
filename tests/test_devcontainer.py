"""The devcontainer and the box for strangers' code: what can be told of them without a Docker engine."""

import csv
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

from brokers import package, record

pytestmark = pytest.mark.grade  # for instructors: no check of a student's folder

FOLDER = ROOT / ".devcontainer"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")

LOADED = """
import importlib, pkgutil, sys
import check, grade, rabbit, exercises.work, checks.topics, sqs_pipes.emulator
for topic in pkgutil.iter_modules(checks.topics.__path__, "checks.topics."):
    importlib.import_module(topic.name)
print(*(module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)), sep="\\n")
"""
"""What judges a submission, and what its scripts may import."""


@pytest.fixture
def boxes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("boxes", FOLDER / "boxes.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def allowed() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines, "whatever is not named stays out"
    return {line[1:] for line in lines if line.startswith("!")}


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def test_the_devcontainer_builds_the_dockerfile_and_makes_the_environment_as_its_user() -> None:
    told = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    build = told["build"]
    assert (FOLDER / build["dockerfile"]).is_file()
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert re.search(rf"^FROM .* AS {build['target']}$", DOCKERFILE, re.MULTILINE)
    assert f"useradd --create-home --uid 1000 --shell /bin/bash {told['remoteUser']}\n" in DOCKERFILE
    python, script = told["postCreateCommand"].split()
    assert python == "python3"
    assert (ROOT / script).is_file()
    assert told["forwardPorts"] == [15672]


def test_the_images_come_from_no_named_registry() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}", "devcontainer"]
    assert re.search(r"^ARG BASE=python:3\.\d+-\w+$", DOCKERFILE, re.MULTILINE)


def test_the_image_has_the_server_that_the_tutorial_would_install_and_starts_no_service() -> None:
    (server,) = package.SERVICES
    assert re.search(rf"apt-get install .*\b{server}\b.*\bmake\b", DOCKERFILE)
    policy = package.POLICY.as_posix()
    assert DOCKERFILE.index(f"exit 101\\n' >{policy}") < DOCKERFILE.index("apt-get install")
    assert "RABBITMQ_FROM=node" in DOCKERFILE


def test_the_box_holds_all_that_judges_and_neither_solutions_nor_what_lies_about() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    paths = [Path(line) for line in loaded.stdout.splitlines()]
    ours = {path.relative_to(ROOT).parts[0] for path in paths if path.is_relative_to(ROOT)} - {".venv"}
    assert "rabbit.py" in ours
    assert allowed() == ours | {"requirements.lock", "environment.py"}
    assert all((ROOT / name).exists() for name in allowed())


def test_a_private_node_can_write_in_the_read_only_box(boxes: ModuleType) -> None:
    workdir = re.findall(r"^WORKDIR (\S+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert f"--tmpfs={workdir}/{record.FOLDER.name}:size=256m" in boxes.LIMITS
    assert re.search(rf"mkdir -m 1777 .*{re.escape(record.FOLDER.name)}\b", DOCKERFILE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_only_python_files_go_into_the_box_and_links_lead_nowhere(boxes: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "ann" / "01_first_message"
    folder.mkdir(parents=True)
    (folder / "producer.py").write_text("print('hello')\n")
    (folder / "notes.txt").write_text("private\n")
    (folder / "large.py").write_bytes(b"#" * (boxes.FILE_BYTES + 1))
    (folder / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.py")
    with tarfile.open(fileobj=io.BytesIO(boxes.pack(tmp_path / "ann"))) as tar:
        found = {member.name.rpartition("/")[2]: member for member in tar}
    assert set(found) == {"ann", "01_first_message", "producer.py", "link.py"}
    assert found["link.py"].issym()
    assert found["producer.py"].isreg()


def test_what_comes_out_of_a_box_writes_only_its_own_marks_in_its_own_name(boxes: ModuleType, tmp_path: Path) -> None:
    forged = b"submission,exercise,status,headline\nbob,01,solved,=1+1\n"
    out = archive(
        (tarfile.TarInfo("./grades.csv"), forged),
        (tarfile.TarInfo("../bob/grades.csv"), forged),
        (tarfile.TarInfo("/tmp/grades.csv"), forged),
        (tarfile.TarInfo("./classroom/../../bob.json"), b"{}"),
        (link("./junit.xml", "/etc/passwd"), b""),
        (tarfile.TarInfo("./more.txt"), b"more"),
    )
    rows = boxes.unpack(boxes.Box(0, out, b"log"), tmp_path / "ann", "ann")
    assert [(row["submission"], row["status"], row["headline"]) for row in rows] == [("ann", "solved", "'=1+1")]
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"ann/grades.csv", "ann/classroom.json", "ann/log.txt"}
    boxes.write(rows, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert [row["submission"] for row in csv.DictReader(file)] == ["ann"]


FORGED = archive((tarfile.TarInfo("grades.csv"), b"submission,exercise,status\nann,01,solved\n"))


@pytest.mark.parametrize(
    ("status", "out"), [(0, b""), (1, b"no archive"), (1, FORGED[:540]), (137, FORGED), (None, FORGED)]
)
def test_a_box_that_was_ended_or_gives_no_marks_gets_none_and_those_of_an_earlier_run_go(
    boxes: ModuleType, tmp_path: Path, status: int | None, out: bytes
) -> None:
    (tmp_path / "grades.csv").write_text("of an earlier run\n")
    box = boxes.Box(status, out, b"Killed")
    rows = boxes.unpack(box, tmp_path, "ann")
    assert not rows
    assert "of an earlier run" not in "".join(path.read_text(errors="replace") for path in tmp_path.iterdir())
    assert (tmp_path / "log.txt").read_text() == "Killed"
    assert "no marks" in boxes.told(box, rows)
