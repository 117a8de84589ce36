"""A headless Chromium, driven through a pair of pipes by the DevTools protocol: no driver, no further package.

https://chromedevtools.github.io/devtools-protocol/ ; each message is JSON and ends with a zero byte.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Any

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
SECONDS = 40
"""How long a page may take to show what is waited for."""


class NoChromium(Exception):
    """There is no Chromium here; the text says what to install."""


class NotShown(Exception):
    """A page did not show what it should."""


def command() -> str:
    """Return the path of a Chromium; raise NoChromium."""
    for name in COMMANDS:
        if found := shutil.which(name):
            return found
    raise NoChromium("no Chromium here; install it (Debian: apt-get install chromium)")


class Page:
    """A browser's only page, of this size, from entering to leaving."""

    def __init__(self, width: int, height: int, *flags: str) -> None:
        self.command, self.size, self.flags = command(), (width, height), flags
        self._calls, self._read = 0, b""

    def __enter__(self) -> "Page":
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # its processes may end after it
        theirs_in, ours_out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._process = self._start(theirs_in, theirs_out)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            self._attach()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()  # it ends when the pipe does
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        self._folder.cleanup()

    def open(self, address: str) -> None:
        """Go to the address. Blocks until the browser has begun to."""
        self.call("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """Return what the JavaScript expression is in the page, None where it cannot be told yet."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def until(self, script: str) -> Any:
        """Block until the expression is true in the page, and return it; raise NotShown."""
        deadline = time.monotonic() + SECONDS
        while not (found := self.value(script)):
            if time.monotonic() > deadline:
                raise NotShown(f"the page did not show within {SECONDS} s: {script}")
            time.sleep(0.2)
        return found

    def picture(self, top: float, width: float, bottom: float) -> bytes:
        """Return the page between these heights, from its left edge on, as PNG."""
        clip = {"x": 0, "y": top, "width": width, "height": bottom - top, "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", clip=clip)["data"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the browser's answer to one call; raise NotShown on an error."""
        self._calls += 1
        asked: dict[str, Any] = {"id": self._calls, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            asked["sessionId"] = self._session
        self._out.write(json.dumps(asked).encode() + b"\0")
        while True:
            told = json.loads(self._message())
            if told.get("id") == self._calls:
                if "error" in told:
                    raise NotShown(f"{method}: {told['error']['message']}")
                return dict(told["result"])

    def _attach(self) -> None:
        """Talk to the page that the browser opened at its start."""
        (page,) = [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = str(session["sessionId"])

    def _message(self) -> bytes:
        while b"\0" not in self._read:
            if not select.select([self._in], [], [], SECONDS)[0]:
                raise NotShown(f"{self.command} did not answer within {SECONDS} s")
            if not (more := os.read(self._in, 65_536)):
                raise NotShown(f"{self.command} ended")
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        return message

    def _start(self, reads: int, writes: int) -> "subprocess.Popen[bytes]":
        """Start the browser, which reads from 3 and writes to 4."""
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads, writes)]

        def place() -> None:
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root with its sandbox
        size = "--window-size={},{}".format(*self.size)
        words = [self.command, *FLAGS, *sandbox, *self.flags, size, f"--user-data-dir={self._folder.name}"]
        try:
            return subprocess.Popen(
                [*words, "about:blank"], preexec_fn=place, pass_fds=(3, 4),  # noqa: PLW1509 - dup2 takes no lock
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            for end in high:
                os.close(end)
