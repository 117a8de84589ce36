"""`make pictures`: play the lessons on a broker of their own, write down what happened, draw it for the README.

With file names after it, as in `python -m pictures consumer1 console`, it makes those only.
"""

import sys
from collections.abc import Callable
from functools import partial

from brokers.broker import Broker
from brokers.finding import NoBroker, find
from brokers.unavailable import Unavailable
from endings import end_as_by_ctrl_c
from pictures import stories
from pictures.chromium import NoChromium, NotShown
from pictures.console import screenshot
from pictures.gallery import EVENTS, IMAGES, drawn
from pictures.log import Log
from pictures.script import Late

STORIES: dict[str, Callable[[Broker], Log]] = {
    **{name: partial(stories.lesson, name=name) for name in stories.LESSONS},
    "workflow2": stories.workflow2,
    "printers": stories.printers,
}
CONSOLE = "console"


def main() -> int:
    """Return the exit status: 0 when all was drawn, 1 when a lesson did not go as it should, 2 without a broker."""
    end_as_by_ctrl_c()
    wanted = sys.argv[1:] or [*STORIES, CONSOLE]
    if unknown := set(wanted) - {*STORIES, CONSOLE}:
        print(f"no such picture: {', '.join(sorted(unknown))}; there are {', '.join([*STORIES, CONSOLE])}")
        return 1
    try:
        broker = find(print)
        try:
            broker.wait()
            _record(broker, wanted)
        finally:
            broker.end()
    except NoBroker as reason:
        print(reason, file=sys.stderr)
        return 2
    except (Late, NotShown, Unavailable) as reason:
        print(reason, file=sys.stderr)
        return 1
    _draw()
    return 0


def _record(broker: Broker, wanted: list[str]) -> None:
    """Play each story and write its log; take the screenshot where there is a Chromium."""
    EVENTS.mkdir(parents=True, exist_ok=True)
    for name in [name for name in wanted if name != CONSOLE]:
        STORIES[name](broker).write(EVENTS)
        print(f"docs/images/events/{name}.json: recorded")
    if CONSOLE in wanted:
        try:
            screenshot(broker, IMAGES / f"{CONSOLE}.png")
            print(f"docs/images/{CONSOLE}.png: taken")
        except NoChromium as reason:
            print(f"docs/images/{CONSOLE}.png: left as it is; {reason}")


def _draw() -> None:
    for name, text in drawn().items():
        part = IMAGES / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(IMAGES / name)  # a reader sees the old picture or the new one
        print(f"docs/images/{name}: drawn")


if __name__ == "__main__":
    sys.exit(main())
