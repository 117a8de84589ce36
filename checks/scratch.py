"""A scratch folder for one check, removed with whatever a script left in it."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """Lend an empty folder whose name begins so."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield path
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Remove a folder. One level at a time: nested deep enough, folders are too much for shutil.rmtree's recursion."""
    with suppress(OSError):
        while below := [entry for entry in os.scandir(path) if not _unlinked(entry)]:
            for entry in below:
                os.chmod(entry.path, 0o700)
                with os.scandir(entry.path) as inside:
                    for inner in list(inside):
                        os.rename(inner.path, path / uuid.uuid4().hex)
                os.rmdir(entry.path)
        path.rmdir()


def _unlinked(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return False
    os.unlink(entry.path)
    return True
