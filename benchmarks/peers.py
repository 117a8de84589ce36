"""The environments that clients run in: ours and plain pika in .venv, the peers in .bench/, one in C compiled there."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
BENCH = ROOT / ".bench"
LOCK = FOLDER / "requirements.lock"
C_SOURCE, C_CLIENT = FOLDER / "clients" / "librabbitmq.c", BENCH / "librabbitmq"

OURS = {"ours", "sqs_ours"}
IN_VENV = OURS | {"pika_blocking", "pika_select", "pika_threads", "sqs_bare"}


class NoPeers(Exception):
    """The peers' environment cannot be made; the text says why."""


def prepare() -> None:
    """Make .bench/ unless it is there and as new as its lock. Blocks for as long as pip takes."""
    ready = BENCH / "ready"
    sources = [path.read_text(encoding="utf-8") for path in (LOCK, C_SOURCE)]
    made_of = "\n".join([str(BENCH), sys.version, *sources])
    if ready.exists() and ready.read_text(encoding="utf-8") == made_of:
        return
    if sys.version_info < (3, 11):
        raise NoPeers("the peers need Python 3.11 or newer: make PYTHON=python3.12 bench")
    print("Making .bench with the packages of benchmarks/requirements.lock ...", file=sys.stderr, flush=True)
    venv.create(BENCH, with_pip=True, clear=True)
    pip = [str(_python("original")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--requirement", str(LOCK)], check=False).returncode:
        raise NoPeers("pip could not install the peers; its last lines say why")
    _compile()
    ready.write_text(made_of, encoding="utf-8")


def _compile() -> None:
    """Compile the C client, where there are a compiler and librabbitmq's header."""
    compiler = shutil.which("cc")
    if compiler:
        command = [compiler, "-O2", str(C_SOURCE), "-lrabbitmq", "-o", str(C_CLIENT)]
        subprocess.run(command, check=False, capture_output=True)


def has_c() -> bool:
    """Return whether the C client is there."""
    return C_CLIENT.exists()


def command(client: str) -> list[str]:
    """Return how the client is started, in benchmarks/."""
    return [str(C_CLIENT)] if client == "librabbitmq" else [str(_python(client)), "-m", f"clients.{client}"]


def environment(client: str) -> dict[str, str]:
    """Return the variables it gets."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "RABBITMQ_"))}
    return inherited | own_path(client)


def own_path(client: str) -> dict[str, str]:
    """Return the variable that only ours get, which may import from this repository."""
    return {"PYTHONPATH": str(ROOT)} if client in OURS else {}


def _python(client: str) -> Path:
    return Path(sys.executable) if client in IN_VENV else BENCH / "bin" / "python"
