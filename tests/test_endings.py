"""How a lesson prints and ends: whole lines, nothing unprintable, and the hooks that are set on import."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from chapters.terminal import Terminal


def python(source: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    whole = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", **environment}
    return subprocess.run([sys.executable, "-c", source], env=whole, capture_output=True, check=False, timeout=90)


def test_lines_of_several_threads_do_not_run_into_each_other(tmp_path: Path) -> None:
    source = """
import sys, threading
import endings
sys.setswitchinterval(1e-6)
def work(name):
    for _ in range(2000):
        print(name * 20)
threads = [threading.Thread(target=work, args=(name,)) for name in 'abcd']
[thread.start() for thread in threads]
"""
    lines = python(source).stdout.splitlines()
    assert Counter(lines) == {name * 20: 2000 for name in (b"a", b"b", b"c", b"d")}


def test_what_a_thread_printed_without_a_newline_is_out_at_the_end() -> None:
    source = """
import endings, threading
thread = threading.Thread(target=lambda: print('a', end=''))
thread.start()
thread.join()
"""
    assert python(source).stdout == b"a"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_line_is_out_as_soon_as_it_is_printed_also_into_a_pipe() -> None:
    source = "import endings, os, signal; print('out'); os.kill(os.getpid(), signal.SIGKILL)"
    assert python(source).stdout == b"out" + os.linesep.encode()


def test_what_has_no_newline_yet_is_out_after_a_flush_and_at_the_end() -> None:
    source = "import endings; print('a', end='', flush=True); print('b', end='')"
    assert python(source).stdout == b"ab"


def test_no_character_is_unprintable() -> None:
    shown = python("import endings; print('\\u2192')", PYTHONIOENCODING="ascii")
    assert shown.stdout.strip() == b"\\u2192"


def test_other_errors_keep_their_traceback() -> None:
    shown = python("import endings; 1 / 0").stderr.decode().splitlines()
    assert shown[0] == "Traceback (most recent call last):"
    assert shown[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pty to press Ctrl+C in")
def test_ctrl_c_while_pika_is_imported_gives_no_traceback(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    (tmp_path / "pika.py").write_text("import time; print('importing'); time.sleep(60)", encoding="utf-8")
    script = terminal(tmp_path)
    script.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    script.type('python -c "import rabbit"')
    assert script.line() == "importing"
    script.interrupt()
    assert list(iter(script.line, None)) == []
    assert script.status == -2
