"""The signs of a lesson's lanes, and the key that says what they mean. None is told by its colour alone."""

from pictures.svg import box, shape, text

LEFT, WORDS, STEP = 76, 150, 42
"""Where the key's signs and its words are, and how high a line of it is."""


def waiting(x: float, y: float, message: str) -> list[str]:
    """Return the sign of a message that is ready."""
    return [box(x - 29, y - 13, 58, 26, "ready", "ready"), text(x, y + 5, message, "onfull", 14, more="bold")]


def hexagon(x: float, y: float, message: str) -> list[str]:
    """Return the sign of a message that is unacknowledged."""
    outline = f"M{x - 60:g} {y:g}l10 -18h100l10 18l-10 18h-100z"
    return [
        shape(outline, "held", "unacked", ' stroke-dasharray="5 3"'),
        text(x, y - 2, message, "unacked", 14, more="bold"),
        text(x, y + 12, "unacknowledged", "unacked", 11.5),
    ]


def tick(x: float, y: float) -> list[str]:
    """Return the sign of an acknowledgement."""
    circle = f"M{x - 12:g} {y:g}a12 12 0 1 0 24 0a12 12 0 1 0 -24 0z"
    return [
        shape(circle, "page", "done"),
        shape(f"M{x - 5:g} {y:g}l4 4l7 -8", edge="done", more=' style="stroke-width:2.5"'),
    ]


def chip(x: float, y: float, line: str) -> list[str]:
    """Return a line as a terminal shows it."""
    width = 7.6 * len(line) + 16
    words = text(x, y + 4.5, line, "onchip", 12.5, more="mono")
    return [box(x - width / 2, y - 11, width, 22, "chip", radius=4), words]


def strip(x: float, top: float, bottom: float, unacknowledged: bool) -> str:
    """Return the time that a message stays: full where it is ready, dashed where it is unacknowledged."""
    outline = f"M{x - 9:g} {top:g}h18v{bottom - top:g}h-18z"
    if unacknowledged:
        return shape(outline, "held", "unacked", ' stroke-dasharray="4 3"')
    return shape(outline, "ready", "ready")


def legend(y: float, acknowledged: bool) -> tuple[list[str], float]:
    """Return the key from height y on, with or without the tick, and where it ends."""
    lines = [
        (waiting(LEFT, 0, "Hello"), ["ready: it waits on the queue"]),
        (hexagon(LEFT, 0, "Hello"), ["unacknowledged: out at the consumer,", "and the broker keeps it until the ack"]),
        (tick(LEFT, 0), ["acknowledged: the broker forgets it"]),
        (chip(LEFT, 0, "Hello"), ["what the script prints"]),
        ([box(LEFT - 22, -13, 44, 26, "lane", "edge", 8)], ["the script runs (gray box)"]),
    ]
    elements = []
    for sign, words in lines if acknowledged else [*lines[:2], *lines[3:]]:
        told = [text(WORDS, 5 - 9 * (len(words) - 1) + 18 * place, line, size=13.5, anchor="start")
                for place, line in enumerate(words)]  # fmt: skip
        elements.append(f'<g transform="translate(0 {y:g})">{"".join([*sign, *told])}</g>')
        y += STEP
    return elements, y - 10
