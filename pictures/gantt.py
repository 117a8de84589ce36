"""A Gantt chart of workflow2.py: who worked on which word, when, with one Printer and with two. Time runs down."""

from pictures.flow import Work, works
from pictures.log import Log, Run
from pictures.svg import Drawing, box, shape, text

SECOND, COLUMN, LEFT, TOP, GAP = 29, 92, 58, 88, 34
"""Pixels of a second, and of a stage; where the first stage and second 0 are; between the two charts."""


def gantt(log: Log, title: str, description: str) -> Drawing:
    """Return the runs of the log side by side, on one scale."""
    drawing = Drawing(log.story, title, description)
    charts = [works(run) for run in log.runs]
    ends = max(work.end for chart in charts for work in chart)
    left = LEFT
    for run, chart in zip(log.runs, charts, strict=True):
        width = (run.count + 1) * COLUMN
        _scale(drawing, left, width, ends)
        _chart(drawing, left, width, run, chart)
        left += width + GAP
    for second in range(0, int(ends) + 1, 2):
        drawing.add(text(LEFT - 10, TOP + second * SECOND + 4, f"{second} s", "soft", 12, "end"))
    drawing.width, drawing.height = left - GAP + 22, TOP + ends * SECOND + 50
    return drawing


def _scale(drawing: Drawing, left: float, width: float, ends: float) -> None:
    for second in range(int(ends) + 1):
        y = TOP + second * SECOND
        drawing.add(shape(f"M{left:g} {y:g}h{width:g}", edge="edge", more=' style="stroke-width:.7"'))


def _chart(drawing: Drawing, left: float, width: float, run: Run, chart: list[Work]) -> None:
    stages = ["T1", *[f"P{number}" for number in range(1, run.count + 1)]]
    printers = "one Printer" if run.count == 1 else "two Printers"
    drawing.add(text(left + width / 2, 32, printers, size=16, more="bold"))
    for place, stage in enumerate(stages):
        middle = left + (place + 0.5) * COLUMN
        drawing.add(text(middle, 60, stage, size=14, more="bold"))
        drawing.add(text(middle, 76, "ToUpper" if stage == "T1" else "Printer", "soft", 12))
    for work in chart:
        _bar(drawing, left + stages.index(work.who) * COLUMN, work)
    ends = max(work.end for work in chart)
    y = TOP + ends * SECOND
    drawing.add(shape(f"M{left:g} {y:g}h{width:g}", edge="done", more=' style="stroke-width:2.5"'))
    drawing.add(text(left + width / 2, y + 22, f"done after {ends:.1f} s", "done", 15, more="bold"))


def _bar(drawing: Drawing, left: float, work: Work) -> None:
    y, height = TOP + work.begin * SECOND, (work.end - work.begin) * SECOND
    colours = ("lane", "soft", "ink") if work.who == "T1" else ("printer", "page", "onfull")
    drawing.add(box(left + 4, y + 0.75, COLUMN - 8, height - 1.5, colours[0], colours[1], 4))
    drawing.add(text(left + COLUMN / 2, y + height / 2 + 5, work.word, colours[2], 14))
