"""A drawing: SVG text that needs no script, font or file of elsewhere, light or dark as the reader has it.

What moves ends as it stands in the file. So a viewer without animation, and a reader who wants no motion, see the end.
"""

from html import escape

SANS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
MONO = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

COLOURS = {  # light, dark
    "page": ("#ffffff", "#0d1117"),
    "lane": ("#eff2f5", "#1a2029"),
    "edge": ("#c4ccd4", "#3d444d"),
    "ink": ("#1f2328", "#e6edf3"),
    "soft": ("#57606a", "#9aa4ae"),
    "ready": ("#0a58ca", "#1f6feb"),
    "onfull": ("#ffffff", "#ffffff"),
    "held": ("#fff3e0", "#33220f"),
    "unacked": ("#9a4a00", "#f5a85a"),
    "done": ("#1a7f37", "#3fb950"),
    "stop": ("#c01c28", "#ff7b72"),
    "printer": ("#6639ba", "#8250df"),
    "chip": ("#24292f", "#39424d"),
    "onchip": ("#f6f8fa", "#f0f6fc"),
}

MOTION = """.appear{animation:appear .35s ease-out backwards}
.grow{animation:grow linear backwards;transform-box:fill-box;transform-origin:50% 0}
.fly{animation:fly .6s ease-in-out backwards}
@keyframes appear{from{opacity:0}}
@keyframes grow{from{transform:scaleY(0)}}
@keyframes fly{0%{opacity:0;transform:translateX(var(--from))}1%{opacity:1;transform:translateX(var(--from))}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}"""


class Drawing:
    """Elements in the order in which they are painted, on a page of this width and height in CSS pixels."""

    def __init__(self, name: str, title: str, description: str) -> None:
        self.name, self.title, self.description = name, title, description
        self.width = self.height = 0.0
        self.elements: list[str] = []

    def add(self, *elements: str) -> None:
        """Paint these on top."""
        self.elements += elements

    def svg(self) -> str:
        """Return the file's text."""
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        page = box(0.5, 0.5, self.width - 1, self.height - 1, "page", edge="edge", radius=8)
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(self.title, quote=False)}</title>',
            f'<desc id="desc">{escape(self.description, quote=False)}</desc>',
            f"<style>\n{_style()}\n</style>", page, *self.elements, "</svg>\n",
        ])  # fmt: skip


def box(x: float, y: float, width: float, height: float, fill: str, edge: str = "", radius: float = 6) -> str:
    """Return a rectangle with rounded corners, its colours by name."""
    paint = f'class="{fill}-fill {edge + "-line" if edge else ""}"'.replace(' "', '"')
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {paint}/>'


def shape(path: str, fill: str = "", edge: str = "", more: str = "") -> str:
    """Return a path, its colours by name; without `fill` only its outline."""
    names = " ".join([f"{fill}-fill" if fill else "empty", *([f"{edge}-line"] if edge else [])])
    return f'<path d="{path}" class="{names}"{more}/>'


def text(
    x: float, y: float, words: str, colour: str = "ink", size: float = 13, anchor: str = "middle", more: str = ""
) -> str:
    """Return words whose baseline is at y; `more` names further classes: bold, mono."""
    names = f"{colour}-fill {more}".strip()
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"'
    return f'<text {place} class="{names}">{escape(words)}</text>'


def appearing(second: float, *elements: str) -> str:
    """Return these as a group that shows at that second of the animation."""
    return f'<g class="appear" style="animation-delay:{second:.2f}s">{"".join(elements)}</g>'


def flying(second: float, distance: float, *elements: str) -> str:
    """Return these as a group that comes at that second from `distance` pixels to the right of its place."""
    return f'<g class="fly" style="--from:{distance:g}px;animation-delay:{second:.2f}s">{"".join(elements)}</g>'


def growing(second: float, seconds: float, *elements: str) -> str:
    """Return these as a group that grows downward, from that second on."""
    timing = f"animation-delay:{second:.2f}s;animation-duration:{seconds:.2f}s"
    return f'<g class="grow" style="{timing}">{"".join(elements)}</g>'


def arrow(x1: float, x2: float, y: float, colour: str, dashed: bool = False) -> str:
    """Return a horizontal arrow from x1 to x2."""
    side = 7 if x2 > x1 else -7
    line = shape(f"M{x1:g} {y:g}H{x2 - side:g}", edge=colour, more=' stroke-dasharray="5 4"' if dashed else "")
    return line + shape(f"M{x2:g} {y:g}l{-side * 1.3:g} -5v10z", fill=colour)


def _style() -> str:
    return "\n".join([
        f"text{{font-family:{SANS}}}", f".mono{{font-family:{MONO}}}", ".bold{font-weight:600}", ".empty{fill:none}",
        "path,rect{stroke-width:1.5}",
        *_colours(0), "@media (prefers-color-scheme:dark){", *_colours(1), "}", MOTION,
    ])  # fmt: skip


def _colours(scheme: int) -> list[str]:
    chosen = {name: both[scheme] for name, both in COLOURS.items()}
    return [f".{name}-fill{{fill:{colour}}}.{name}-line{{stroke:{colour}}}" for name, colour in chosen.items()]
