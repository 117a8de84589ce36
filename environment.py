"""Make .venv with the dependencies that requirements.lock names: python environment.py (Python's own library only)."""

import shlex
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
VENV = FOLDER / ".venv"
LOCK = FOLDER / "requirements.lock"
ACTIVATE = r".venv\Scripts\activate" if sys.platform == "win32" else ". .venv/bin/activate"


def main() -> None:
    """Make the environment unless it is there and as new as the lock; end with one line where that fails."""
    if sys.version_info < (3, 10):  # noqa: UP036 - this file is run by whatever Python there is
        sys.exit("This Python is too old; the tutorial needs 3.10 or newer: make PYTHON=python3.12 demo")
    ready = VENV / "ready"
    made_of = f"{FOLDER}\n{sys.version}\n{LOCK.read_text(encoding='utf-8')}"
    if ready.exists() and ready.read_text(encoding="utf-8") == made_of:
        return
    print("Making .venv with the packages of requirements.lock ...", flush=True)
    _insist_on_pip()
    venv.create(VENV, with_pip=True, clear=True)
    python = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(LOCK)]
    if subprocess.run(pip, check=False).returncode:
        sys.exit("pip could not install the packages (its last lines say why); mend that, then run this again")
    _add_folder(next(VENV.glob("**/site-packages")))
    ready.write_text(made_of, encoding="utf-8")
    print(f"It is ready; in each terminal of yours type: {ACTIVATE}")


def advice(missing: ModuleNotFoundError) -> str:
    """Return what to type where a package is missing, in one line."""
    return f"{missing}: the tutorial's packages are not there; type python3 environment.py, and then {ACTIVATE}"


def _add_folder(packages: Path) -> None:
    """Let `pytest --work DIR` find our modules and settings: it takes DIR for a test folder and looks for them there.

    Python reads .pth files when it starts: https://docs.python.org/3/library/site.html
    """
    settings = shlex.quote((FOLDER / "pyproject.toml").as_posix())
    hint = f'"--work" in sys.orig_argv and os.environ.setdefault("PYTEST_ADDOPTS", "-c " + {settings!r})'
    (packages / "tutorial.pth").write_text(f"{FOLDER}\nimport os, sys; {hint}\n", encoding="utf-8")


def _insist_on_pip() -> None:
    """Debian and Ubuntu keep the part of Python that brings pip in a package of its own."""
    if find_spec("ensurepip"):
        return
    from brokers import package, unavailable  # noqa: PLC0415 - written for Python 3.10, which is certain only here

    name = f"python3.{sys.version_info.minor}-venv"
    try:
        package.install(name, print)
    except unavailable.Unavailable as reason:
        sys.exit(f"This Python has no ensurepip, and {reason}; install it: sudo apt-get install {name}")


if __name__ == "__main__":
    main()
