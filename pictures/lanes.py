"""A lesson as lanes: producer, queue, consumer; time runs down, and each message goes its way from lane to lane.

A message that waits is a filled box, one that is unacknowledged a hexagon with a dashed edge that says so.
"""

from dataclasses import dataclass

from pictures.log import Event, Log, Run
from pictures.messages import Stay, names, stays
from pictures.signs import chip, hexagon, legend, strip, tick, waiting
from pictures.svg import Drawing, appearing, arrow, box, flying, growing, text

TOP, COLUMN, SLOT = 58, 80, 0.7
"""Where the rows begin; from message to message, pixels; how long a row takes, seconds."""

AHEAD = 0.8
"""The part of its time in which a script's box has grown, so that it is there before what stands in it."""

HEIGHTS = {
    "starts": 10, "ends": 10, "publishes": 40, "delivers": 46, "acks": 40, "prints": 30, "status": 50,
    "is interrupted": 36, "back": 38,
}  # fmt: skip
"""What has a row of its own, and how high it is, in pixels; the rest is in the log only."""


@dataclass(frozen=True)
class Row:
    """One event's place: its middle `y`, and its second in the animation. `message` is one that comes back."""

    event: Event
    number: int
    y: float
    second: float
    message: str = ""


class Lanes:
    """Draws the only run of a log."""

    def __init__(self, log: Log, title: str, description: str) -> None:
        self.run: Run = log.runs[0]
        self.drawing = Drawing(log.story, title, description)
        self.messages, self.stays = names(self.run), stays(self.run)
        self.rows, self.bottom = _rows(self.run, self.stays)
        many = len(self.messages) - 1
        self.producer = 104.0
        self.queue = self.producer + 140
        self.consumer = self.queue + many * COLUMN + 190
        self.queue_right, self.consumer_right = self.queue + many * COLUMN, self.consumer + many * COLUMN
        self.drawing.width = self.consumer_right + 80

    def draw(self) -> Drawing:
        """Return the finished drawing."""
        self._lanes()
        moves = [row for row in self.rows if row.message or row.event.does in ("publishes", "delivers", "acks")]
        self.drawing.add(*[self._arrow(row) for row in moves])
        self.drawing.add(*[part for stay in self.stays for part in self._body(stay)])
        self.drawing.add(*[self._head(stay) for stay in self.stays])
        self.drawing.add(*[self._note(row) for row in self.rows if not row.message])
        self._legend()
        return self.drawing

    def _lanes(self) -> None:
        consumer = next(e.to for e in self.run.events if e.does == "delivers")
        self._lane("producer.py", self.producer, self.producer, 33)
        self._lane("my_queue", self.queue, self.queue_right, 41)
        self._lane(consumer, self.consumer, self.consumer_right, 68)
        last = ""
        for row in self.rows:
            told = f"{row.event.at:.2f} s"
            if told != last and row.event.does not in ("starts", "ends"):
                self.drawing.add(appearing(row.second, text(56, row.y + 4, told, "soft", 11.5, "end")))
                last = told

    def _lane(self, name: str, left: float, right: float, margin: float) -> None:
        """Paint a lane with its name: where its script runs, or all along for a queue."""
        self.drawing.add(text((left + right) / 2, 34, name, size=15, more="bold"))
        x, width = left - margin, right - left + 2 * margin
        if name == "my_queue":
            self.drawing.add(box(x, TOP - 8, width, self.bottom - TOP + 8, "lane", "edge", 10))
        for begin, y, end, bottom in self._runs(name):
            lane = box(x, y, width, bottom - y, "lane", "edge", 10)
            self.drawing.add(growing(begin, AHEAD * (end - begin), lane))

    def _runs(self, name: str) -> list[tuple[float, float, float, float]]:
        """Return when and where each run of a script begins, and when and where it ends."""
        marks = [row for row in self.rows if row.event.who == name and not row.message]
        begins = [row for row in marks if row.event.does == "starts"]
        ends = [(row.second, row.y) for row in marks if row.event.does == "ends"]
        still = (self.rows[-1].second + SLOT, self.bottom)
        return [(row.second, row.y, *end) for row, end in zip(begins, [*ends, still], strict=False)]

    def _column(self, message: str, consumer: bool) -> float:
        return (self.consumer if consumer else self.queue) + self.messages.index(message) * COLUMN

    def _arrow(self, row: Row) -> str:
        """Return the arrow of a message that moves, with its label between the lanes."""
        does, message = row.event.does, row.message or row.event.message
        queue, consumer = self._column(message, False), self._column(message, True)
        gap = (self.queue_right + 41 + self.consumer - 68) / 2
        if does == "publishes":
            return appearing(row.second, arrow(self.producer + 33, queue - 29, row.y, "ready"),
                             text(self.producer + 66, row.y - 6, "publish", "ink", 12))  # fmt: skip
        if does == "delivers":
            words = text(gap, row.y - 6, "deliver again" if row.event.redelivered else "deliver", size=12)
            return appearing(row.second, arrow(queue, consumer - 59, row.y, "unacked"), words)
        end, colour, words = (queue + 13, "done", "ack") if does == "acks" else (queue + 29, "stop", "back")
        return appearing(row.second, arrow(consumer, end, row.y, colour, dashed=does != "acks"),
                         text(gap, row.y - 6, words, size=12))  # fmt: skip

    def _row(self, stay: Stay, number: int) -> Row:
        """Return the row of an event for this message: its own one, where it is one of those that come back."""
        rows = [row for row in self.rows if row.number == number]
        return next((row for row in rows if row.message == stay.message), rows[0])

    def _body(self, stay: Stay) -> list[str]:
        """Return the strip that says how long a message stays."""
        first = self._row(stay, stay.first)
        last = self._row(stay, stay.last) if stay.last is not None else None
        x, end, over = self._column(stay.message, stay.unacknowledged), self.bottom, self.rows[-1].second + SLOT
        if last:
            end, over = last.y, last.second
        begun = first.second + SLOT
        return [growing(begun, max(over - begun, 0.2), strip(x, first.y, end, stay.unacknowledged))]

    def _head(self, stay: Stay) -> str:
        """Return the sign of a message that has arrived, which flies in from where it was."""
        row = self._row(stay, stay.first)
        x = self._column(stay.message, stay.unacknowledged)
        if stay.unacknowledged:
            return flying(row.second, self._column(stay.message, False) - x, *hexagon(x, row.y, stay.message))
        source = self._column(stay.message, True) if stay.back else self.producer
        return flying(row.second, source - x, *waiting(x, row.y, stay.message))

    def _note(self, row: Row) -> str:
        """Return what a row shows besides arrows: a printed line, Ctrl+C, the broker's counts, an acknowledgement."""
        event, middle = row.event, (self.consumer + self.consumer_right) / 2
        if event.does == "prints":
            x = self._column(event.message, True) if event.message in self.messages else middle
            return appearing(row.second, *chip(x, row.y, event.message))
        if event.does == "is interrupted":
            return appearing(row.second, box(middle - 29, row.y - 13, 58, 26, "page", "stop", 4),
                             text(middle, row.y + 5, "Ctrl+C", "stop", 13, more="bold"))  # fmt: skip
        if event.does == "status":
            return appearing(row.second, *self._status(event, row.y))
        if event.does == "acks":
            return appearing(row.second + SLOT / 2, *tick(self._column(event.message, False), row.y))
        return ""

    def _status(self, event: Event, y: float) -> list[str]:
        x = (self.queue + self.queue_right) / 2
        return [
            box(x - 66, y - 20, 132, 40, "page", "soft", 3),
            text(x, y - 4, f"status: {event.ready} ready,", size=12),
            text(x, y + 12, f"{event.unacknowledged} unacknowledged", size=12),
        ]

    def _legend(self) -> None:
        """Say below the lanes what the signs mean."""
        acknowledged = any(event.does == "acks" for event in self.run.events)
        elements, self.drawing.height = legend(self.bottom + 36, acknowledged)
        self.drawing.add(*elements)


def _rows(run: Run, found: list[Stay]) -> tuple[list[Row], float]:
    """Return the rows from top to bottom, and where they end."""
    rows: list[Row] = []
    y: float = TOP
    for number, event in enumerate(run.events):
        back = [stay.message for stay in found if stay.back and stay.first == number]
        for message in ["", *back] if event.does in HEIGHTS else []:
            height = HEIGHTS["back" if message else event.does]
            rows.append(Row(event, number, y + height / 2, len(rows) * SLOT, message))
            y += height
    return rows, y + 8
