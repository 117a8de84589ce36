"""The demo: python -m chapters [N ...] plays the README's chapters, all or those, on a RabbitMQ of their own.

Each line is labelled and coloured by the terminal that shows it; nothing is shown that no script printed.
"""

import os
import sys
import time
import uuid
from pathlib import Path

import requests
from rich.console import Console
from rich.text import Text

from brokers.broker import Broker
from brokers.finding import NoBroker, find
from brokers.management import Management
from brokers.unavailable import Unavailable
from chapters.playing import Mismatch, Player
from chapters.reading import chapters
from endings import end_as_by_ctrl_c

COLOURS = ("cyan", "yellow", "magenta", "green")
FOLDER = Path(__file__).resolve().parent.parent

NEXT = """
Each command above was run for real. Now take two terminals of your own. In each of them:
  {activate}
Then in the first one:
  python broker.py start
and go on with chapter 2 of README.md. In the end, python broker.py stop."""


def main() -> int:
    """Return the exit status: 0 when all showed what the README says, 1 when something did not, 2 without a broker."""
    end_as_by_ctrl_c()
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()
    try:
        broker = find(console.print)
    except NoBroker as reason:
        print(reason, file=sys.stderr)
        return 2
    try:
        with console.status("Waiting for RabbitMQ to answer ..."):
            broker.wait()
        played = _play_all(console, broker, {int(number) for number in sys.argv[1:]})
    except (Mismatch, Unavailable, requests.RequestException) as reason:
        console.print(Text(str(reason), "red"))
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; what the demo started is ended.")
        return 130
    finally:
        broker.end()
    console.print(f"\n{played} played in {time.monotonic() - begun:.0f} s; what the demo started is ended.")
    activate = r".venv\Scripts\activate" if os.name == "nt" else ". .venv/bin/activate"
    console.print(NEXT.format(activate=activate))
    return 0


def _play_all(console: Console, broker: Broker, numbers: set[int]) -> str:
    """Play each chapter in a vhost of its own, so that it starts from empty queues; return how many there were."""

    def show(terminal: int, line: str) -> None:
        console.print(Text.assemble((f"Terminal {terminal} | ", COLOURS[terminal % len(COLOURS)]), line))

    found = [chapter for chapter in chapters() if not numbers or chapter.number in numbers]
    for chapter in found:
        console.print(f"\n[bold]{chapter.number}. {chapter.title}[/bold]")
        vhost = f"demo-{uuid.uuid4().hex[:8]}"
        Management(broker).create_vhost(vhost)
        try:
            Player(FOLDER, {**os.environ, **broker.environment(vhost)}, show=show).play(chapter)
        finally:
            Management(broker).delete_vhost(vhost)
    return "1 chapter" if len(found) == 1 else f"{len(found)} chapters"


if __name__ == "__main__":
    sys.exit(main())
