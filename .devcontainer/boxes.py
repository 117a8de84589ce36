"""Grade each submission in a container of its own: python3 .devcontainer/boxes.py FOLDER [--out DIR] [grade.py's words]

A container has no network and sees no file of this machine: a submission goes in, and its marks come out, as a tar
archive through a pipe. What comes out is a stranger's, too, and is read with care. Needs Docker, Python and the image:

    docker build --target grader --tag tutorial-grader --file .devcontainer/Dockerfile .

Into DIR go grades.csv, and for each submission what grade.py wrote, with log.txt. Exit status: 0 all was judged,
1 something was not, 2 there is nothing to grade, or no image.
"""

import argparse
import csv
import io
import subprocess
import sys
import tarfile
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

IMAGE = "tutorial-grader"

LIMITS = [
    "--network=none", "--read-only", "--tmpfs=/tmp:size=256m", "--tmpfs=/tutorial/.broker:size=256m",
    "--memory=2g", "--memory-swap=2g", "--cpus=2", "--pids-limit=512",
    "--cap-drop=ALL", "--security-opt=no-new-privileges",
]  # fmt: skip

INSIDE = """mkdir /tmp/in && tar -x -C /tmp/in && python grade.py /tmp/in --out /tmp/out "$@" >&2 </dev/null
status=$?; cd /tmp/out && tar -c . ; exit $status"""

FILE_BYTES, OUTPUT_BYTES = 1 << 20, 16 << 20
"""The largest file that goes in, and the most that is taken of each of a container's two outputs."""

JUDGED = (0, 1)
"""With these statuses grade.py ends by itself; whoever ended it may have written the marks, too."""

WRITTEN = ("grades.csv", "junit.xml", "classroom.json")

COLUMNS = ("submission", "exercise", "status", "points", "of", "headline", "seen", "expected", "seconds")

Rows = list[dict[str, str]]


class Box(NamedTuple):
    """What became of a container: its exit status, None where it was ended; the marks as an archive; its log."""

    status: int | None
    archive: bytes
    log: bytes


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    title, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=title, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder that holds the submissions")
    parser.add_argument("--out", type=Path, default=Path("grades"), metavar="DIR", help="where the results go (grades)")
    parser.add_argument("--minutes", type=float, default=20, metavar="N", help="how long one may take (20)")
    asked, options = parser.parse_known_args(words)
    found = sorted(path for path in asked.folder.glob("[!.]*") if path.is_dir() and not path.is_symlink())
    if not found:
        parser.error(f"there is no submission in {asked.folder}: each is a folder there")
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        parser.error(f"Docker does not answer, or has no image {IMAGE}; --help tells how to build it")
    return _grade(found, asked.out, asked.minutes * 60, options)


def _grade(found: list[Path], out: Path, seconds: float, options: list[str]) -> int:
    every, all_judged = [], True
    for number, submission in enumerate(found, 1):
        box = run(pack(submission), seconds, options)
        rows = unpack(box, out / submission.name, submission.name)
        every += rows
        all_judged &= box.status == 0 and bool(rows)
        print(f"{number}/{len(found)} {submission.name!a}: {told(box, rows)}", flush=True)
        write(every, out / "grades.csv")
    return 0 if all_judged else 1


def told(box: Box, rows: Rows) -> str:
    """Return in a few words what became of a submission."""
    solved = f"{sum(row['status'] == 'solved' for row in rows)} of {len(rows)} exercises solved"
    if box.status is None:
        return "ended, since it took too long; no marks"
    if not rows:
        return f"no marks (exit status {box.status}); see its log.txt"
    return solved if box.status == 0 else f"{solved}, not all judged (exit status {box.status}); see its log.txt"


def pack(submission: Path) -> bytes:
    """Return a tar archive of a submission's Python files and folders; links stay links."""

    def wanted(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        python = info.name.endswith(".py") and (info.issym() or (info.isreg() and info.size <= FILE_BYTES))
        info.mode = 0o755 if info.isdir() else 0o644
        return info if info.isdir() or python else None

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(submission, arcname=submission.name, filter=wanted)
    return archive.getvalue()


def run(archive: bytes, seconds: float, options: Sequence[str] = ()) -> Box:
    """Grade what is in the archive in a container. Blocks until that is gone, at most some seconds more than told."""
    name = f"grader-{uuid.uuid4().hex}"
    command = ["docker", "run", "--rm", "--interactive", "--init", f"--name={name}", *LIMITS, IMAGE]
    process = subprocess.Popen(
        [*command, "sh", "-c", INSIDE, "sh", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdin is not None
        taken = [_Taken(process.stdout), _Taken(process.stderr)]
        threading.Thread(target=_feed, args=(process.stdin, archive), daemon=True).start()
        status = _status(process, seconds)
    finally:  # an ended client leaves its container running
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
        process.wait()
    return Box(status, *(each.wait() for each in taken))


def _status(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _feed(stream: IO[bytes], archive: bytes) -> None:
    try:
        with stream:
            stream.write(archive)
    except OSError:  # the container ended before it had read all
        return


class _Taken:
    """What a stream brings, up to a limit; the rest is read and thrown away, so that nobody waits. A thread reads."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None
        self._found = bytearray()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def wait(self) -> bytes:
        """Return it. Blocks until the stream ends."""
        self._thread.join()
        return bytes(self._found)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := stream.read(65536):
                self._found += chunk[: OUTPUT_BYTES - len(self._found)]


def unpack(box: Box, folder: Path, submission: str) -> Rows:
    """Write a container's marks and log into a folder; return the rows of its grades.csv, all of them in its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in WRITTEN:
        (folder / name).unlink(missing_ok=True)
    files = _files(box.archive) if box.status in JUDGED else {}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "log.txt").write_bytes(box.log)
    return _rows(files.get("grades.csv", b""), submission)


def _files(archive: bytes) -> dict[str, bytes]:
    """Return those files of an archive that grade.py writes, whatever else is in it."""
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for member in tar:
                name = _name(member.name)
                content = tar.extractfile(member) if name and member.isreg() and not member.issparse() else None
                if content:
                    found[name] = content.read(OUTPUT_BYTES)
    except (tarfile.TarError, OSError, ValueError):  # cut short, or no archive
        return found
    return found


def _name(told: str) -> str:
    """Return a member's name as it is to be written, empty where it is not one of ours."""
    name = told.removeprefix("./")
    name = "classroom.json" if name.startswith("classroom/") and name.endswith(".json") else name
    return name if name in WRITTEN else ""


def _rows(content: bytes, submission: str) -> Rows:
    lines = content.decode(errors="replace").replace("\0", "").splitlines(keepends=True)
    try:
        rows = list(csv.DictReader(lines))
    except csv.Error:
        return []
    return [{name: _cell(row.get(name) or "") for name in COLUMNS} | {"submission": _cell(submission)} for row in rows]


def _cell(text: str) -> str:
    """Return the text so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write(rows: Rows, file: Path) -> None:
    """Write the marks of all submissions so far."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="", errors="replace") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
