"""The demo: python -m chapters [N ...] [sqs] plays chapters, all or those, on a RabbitMQ and an SQS of their own.

The numbers are those of the README, `sqs` is the chapter of sqs_pipes that pipes words. Each line is labelled and
coloured by the terminal that shows it; nothing is shown that no script printed.
"""

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import requests
from rich.console import Console
from rich.text import Text

from brokers.broker import Broker
from brokers.finding import NoBroker, find
from brokers.management import Management
from brokers.unavailable import Unavailable
from chapters.playing import Mismatch, OrderlyPlayer, Player
from chapters.reading import EXERCISES, Chapter, chapters
from endings import end_as_by_ctrl_c
from sqs_pipes.emulator import Emulator, NoEmulator

COLOURS = ("cyan", "yellow", "magenta", "green")
FOLDER = Path(__file__).resolve().parent.parent

NEXT = """
Each command above was run for real. Now take two terminals of your own. In each of them:
  {activate}
Then in the first one:
  python broker.py start
and go on with chapter 2 of README.md. In the end, python broker.py stop."""


WORDS = 2
"""The chapter of sqs_pipes/README.md that is played."""


def main() -> int:
    """Return the exit status: 0 when all showed what the README says, 1 when something did not, 2 without a broker."""
    end_as_by_ctrl_c()
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()
    wanted = set(sys.argv[1:])
    try:
        played = 0
        if not wanted or wanted - {"sqs"}:
            played += _play_on_rabbitmq(console, wanted)
        if not wanted or "sqs" in wanted:
            played += _play_on_sqs(console)
    except NoBroker as reason:
        print(reason, file=sys.stderr)
        return 2
    except (Mismatch, Unavailable, NoEmulator, requests.RequestException) as reason:
        console.print(Text(str(reason), "red"))
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; what the demo started is ended.")
        return 130
    count = "1 chapter" if played == 1 else f"{played} chapters"
    console.print(f"\n{count} played in {time.monotonic() - begun:.0f} s; what the demo started is ended.")
    activate = r".venv\Scripts\activate" if os.name == "nt" else ". .venv/bin/activate"
    console.print(NEXT.format(activate=activate))
    return 0


def _play_on_rabbitmq(console: Console, wanted: set[str]) -> int:
    """Play the README's chapters, all or those wanted, on a broker that is ended then; return how many there were."""
    broker = find(console.print)
    try:
        with console.status("Waiting for RabbitMQ to answer ..."):
            broker.wait()
        found = [one for one in chapters() if (not wanted or str(one.number) in wanted) and one.number != EXERCISES]
        for chapter in found:
            console.print(f"\n[bold]{chapter.number}. {chapter.title}[/bold]")
            _play_in_a_vhost(console, broker, chapter)
    finally:
        broker.end()
    return len(found)


def _play_in_a_vhost(console: Console, broker: Broker, chapter: Chapter) -> None:
    """Play the chapter in a vhost of its own, so that it starts from empty queues."""
    vhost = f"demo-{uuid.uuid4().hex[:8]}"
    Management(broker).create_vhost(vhost)
    try:
        Player(FOLDER, {**os.environ, **broker.environment(vhost)}, show=_shown(console)).play(chapter)
    finally:
        Management(broker).delete_vhost(vhost)


def _play_on_sqs(console: Console) -> int:
    """Play the words on an emulator that is ended then; return how many chapters that are."""
    (chapter,) = (chapter for chapter in chapters(FOLDER / "sqs_pipes" / "README.md") if chapter.number == WORDS)
    console.print(f"\n[bold]sqs_pipes, {chapter.number}. {chapter.title}[/bold]")
    with tempfile.TemporaryDirectory() as folder, Emulator.launch(Path(folder)) as emulator:
        OrderlyPlayer(FOLDER, emulator.environment(), show=_shown(console)).play(chapter)
    return 1


def _shown(console: Console) -> Callable[[int, str], None]:
    def show(terminal: int, line: str) -> None:
        console.print(Text.assemble((f"Terminal {terminal} | ", COLOURS[terminal % len(COLOURS)]), line))

    return show


if __name__ == "__main__":
    sys.exit(main())
