"""Draw latency.svg from latency.json, and print the table of lapinmq/README.md.

With the results of a run, `python docs/images/latency.py benchmarks/results/lapinmq.json`, take its medians first.
"""

import json
import math
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURES, PLOT = HERE / "latency.json", HERE / "latency.svg"
KINDS = {"async": "#0b6e4f", "sync": "#c1440e"}
ROUND_TRIPS = ("0", "5", "50")  # milliseconds that the proxy adds
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 340, 80, 90, 30, 50
FONT = 'font-family="sans-serif" font-size="13"'
DECADES = (10, 100, 1_000, 10_000, 100_000)


def medians(results: Path) -> dict[str, dict[str, int]]:
    """Return messages per second by kind and round trip, of a run of `python -m benchmarks`."""
    rows = json.loads(results.read_text(encoding="utf-8"))["distance"]
    rate = {name: round(statistics.median(each["rate"] for each in row)) for name, row in rows.items()}
    return {kind: {ms: rate[f"ours, {kind}, through {ms} ms"] for ms in ROUND_TRIPS} for kind in KINDS}


def x(ms: str) -> float:
    """Return where a round trip stands."""
    return LEFT + 40 + ROUND_TRIPS.index(ms) * (WIDTH - LEFT - RIGHT - 60) / (len(ROUND_TRIPS) - 1)


def y(rate: float) -> float:
    """Return where a rate stands, on a logarithmic scale."""
    share = math.log(rate / DECADES[0]) / math.log(DECADES[-1] / DECADES[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def text(across: float, down: float, words: str, style: str = 'text-anchor="middle"') -> str:
    """Return words at a place."""
    return f'<text x="{across:.0f}" y="{down:.0f}" {style}>{words}</text>'


def drawn(figures: dict[str, dict[str, int]]) -> str:
    """Return the plot as SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 18, "confirmed messages per second (logarithmic)", 'text-anchor="start"'),
        text((WIDTH - RIGHT + LEFT) / 2, HEIGHT - 8, "round trip that the proxy adds, ms"),
    ]
    for rate in DECADES:
        end = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(rate):.0f}" y2="{y(rate):.0f}"'
        lines += [f'<line {end} stroke="#ddd"/>', text(LEFT - 8, y(rate) + 4, f"{rate:,}", 'text-anchor="end"')]
    lines += [text(x(ms), HEIGHT - BOTTOM + 20, ms) for ms in ROUND_TRIPS]
    for kind, colour in KINDS.items():
        points = [(x(ms), y(figures[kind][ms])) for ms in ROUND_TRIPS]
        path = " ".join(f"{across:.0f},{down:.0f}" for across, down in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        lines += [f'<circle cx="{across:.0f}" cy="{down:.0f}" r="4" fill="{colour}"/>' for across, down in points]
        lines += [text(x(ms), y(figures[kind][ms]) - 10, f"{figures[kind][ms]:,}") for ms in ROUND_TRIPS]
        lines.append(text(points[-1][0] + 22, points[-1][1] + 5, kind, f'fill="{colour}" font-weight="bold"'))
    return "\n".join([*lines, "</svg>", ""])


def table(figures: dict[str, dict[str, int]]) -> str:
    """Return the figures as the README has them."""
    lines = ["| round trip | sync | async | ratio |", "|---:|---:|---:|---:|"]
    for ms in ROUND_TRIPS:
        slow, fast = figures["sync"][ms], figures["async"][ms]
        lines.append(f"| {ms} ms | {slow:,}/s | {fast:,}/s | {fast / slow:,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        FIGURES.write_text(json.dumps(medians(Path(sys.argv[1]))) + "\n", encoding="utf-8")
    told = json.loads(FIGURES.read_text(encoding="utf-8"))
    PLOT.write_text(drawn(told), encoding="utf-8")
    print(table(told))
