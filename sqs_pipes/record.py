"""The record of the local emulator: written when it is started, so that exactly that process is found and ended."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Return where the record and the emulator's files are: in the repository, or where SQS_PIPES_FOLDER says."""
    return Path(os.environ.get("SQS_PIPES_FOLDER") or Path(__file__).parent.parent / ".sqs").resolve()


def write(entry: Mapping[str, Any]) -> None:
    """Write the record so that a reader sees all of it or nothing."""
    part = folder() / "emulator.part"
    part.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    part.replace(folder() / "emulator.json")


def read() -> dict[str, Any]:
    """Return the record, empty where there is none."""
    with suppress(OSError, ValueError):
        return dict(json.loads((folder() / "emulator.json").read_text(encoding="utf-8")))
    return {}


def forget() -> None:
    """Remove the record."""
    (folder() / "emulator.json").unlink(missing_ok=True)


def created(pid: int) -> float | None:
    """Return when the process began, which tells it from a later one of the same number; None if it has ended."""
    import psutil  # noqa: PLC0415 - only who starts an emulator needs it

    with suppress(psutil.Error):
        found = psutil.Process(pid)
        return None if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    return None


def runs(entry: Mapping[str, Any]) -> bool:
    """Return whether the recorded process still runs."""
    began = created(int(entry["pid"])) if "pid" in entry else None
    return began is not None and abs(began - float(entry["created"])) < 1


def recorded() -> str | None:
    """Return the endpoint of the emulator that `python -m sqs_pipes.local start` recorded, None unless it runs."""
    entry = read()
    return str(entry["endpoint"]) if runs(entry) else None
