"""A plot of throughput against the number of Printers, of the runs in a log."""

from pictures.flow import throughput
from pictures.log import Log
from pictures.svg import Drawing, box, shape, text

WIDTH, LEFT, RIGHT, TOP, BOTTOM, STEP = 620, 86, 34, 70, 330, 125
"""The page, its plot's edges, and from bar to bar, in pixels."""

HIGHEST = 1.2
"""Words a second at the upper edge."""


def plot(log: Log, title: str, description: str) -> Drawing:
    """Return a bar for each run."""
    drawing = Drawing(log.story, title, description)
    drawing.width, drawing.height = WIDTH, BOTTOM + 92
    drawing.add(text(WIDTH / 2, 34, "Throughput of workflow2.py", size=16, more="bold"))
    _axes(drawing)
    for place, run in enumerate(log.runs):
        _bar(drawing, LEFT + 30 + place * STEP, run.count, throughput(run, "P"))
    limit = throughput(log.runs[-1], "T1")
    y = _y(limit)
    drawing.add(shape(f"M{LEFT:g} {y:g}H{WIDTH - RIGHT:g}", edge="ink", more=' stroke-dasharray="7 4"'))
    drawing.add(text(LEFT + 8, min(y, _y(1)) - 8, f"what ToUpper brings: {limit:.2f} words/s", "ink", 13.5, "start"))
    words = sum(event.does == "publishes" and event.queue == "my_queue" for event in log.runs[0].events)
    told = f"measured: {words} words each, from the first printed word to the last, RabbitMQ {log.rabbitmq}"
    drawing.add(text(WIDTH / 2, BOTTOM + 72, told, "soft", 12))
    return drawing


def _axes(drawing: Drawing) -> None:
    for tenths in range(0, 12, 2):
        y = _y(tenths / 10)
        drawing.add(shape(f"M{LEFT:g} {y:g}H{WIDTH - RIGHT:g}", edge="edge", more=' style="stroke-width:.8"'))
        drawing.add(text(LEFT - 10, y + 4.5, f"{tenths / 10:.1f}", "soft", 13, "end"))
    drawing.add(text(LEFT - 10, TOP - 12, "words/s", "soft", 13, "end"))
    drawing.add(text((LEFT + WIDTH - RIGHT) / 2, BOTTOM + 46, "Printers", size=14))


def _bar(drawing: Drawing, left: float, count: int, rate: float) -> None:
    y = _y(rate)
    drawing.add(box(left, y, 65, BOTTOM - y, "printer", radius=3))
    drawing.add(text(left + 32.5, y + 22, f"{rate:.2f}", "onfull", 15, more="bold"))
    drawing.add(text(left + 32.5, BOTTOM + 22, str(count), size=15, more="bold"))


def _y(rate: float) -> float:
    return BOTTOM - rate / HIGHEST * (BOTTOM - TOP)
