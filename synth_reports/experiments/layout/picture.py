"""A picture of a layout: rows of cells, and the wires above them."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from html import escape

from fp8mac.synth_reports.synth.geometry import RoutedLayout, Segment

__all__ = ["drawing", "picture"]

_WIRES = {"horizontal": "#4a3f8f", "vertical": "#a0522d"}
_CELLS = {"flip-flop": "#e69f00", "xor": "#56b4e9", "other": "#dddddd"}
_MEANINGS = {
    "flip-flop": "flip-flops",
    "xor": "XOR, XNOR",
    "other": "other cells",
    "horizontal": "wires across",
    "vertical": "wires upwards",
}


def drawing(layout: RoutedLayout, flip_flop: str) -> str:
    """Cells and wires as elements of SVG, a tenth of a micrometre a unit, the origin below left.

    Parameters
    ----------
    layout : RoutedLayout
        The unit.
    flip_flop : str
        Cell that holds a bit of state.
    """
    left, _, _, upper = layout.box

    def at(x: float, y: float) -> tuple[int, int]:
        return round(10 * (x - left)), round(10 * (upper - y))

    boxes: dict[str, list[str]] = defaultdict(list)
    for cell in layout.cells:
        x, y = at(cell.x, cell.y + cell.height)
        kind = "flip-flop" if cell.cell == flip_flop else "other"
        kind = "xor" if cell.cell.startswith(("XOR", "XNOR")) else kind
        wide, high = round(10 * cell.width), round(10 * cell.height)
        boxes[kind].append(f"M{x} {y}h{wide}v{high}h-{wide}z")
    lines = [
        f'<path fill="{_CELLS[kind]}" stroke="#888" stroke-width="2" d="{"".join(each)}"/>'
        for kind, each in sorted(boxes.items())
    ]
    for way, color in _WIRES.items():
        path = "".join(_wires(layout.segments, way, at))
        lines.append(f'<path fill="none" stroke="{color}" stroke-width="3" d="{path}"/>')
    return "\n".join(lines)


def _wires(
    segments: Iterable[Segment], way: str, at: Callable[[float, float], tuple[int, int]]
) -> Iterable[str]:
    for each in segments:
        (x1, y1), (x2, y2) = at(each.x1, each.y1), at(each.x2, each.y2)
        if way == "horizontal" and x1 != x2:
            yield f"M{x1} {y1}h{x2 - x1}"
        if way == "vertical" and y1 != y2:
            yield f"M{x1} {y1}v{y2 - y1}"


def picture(panels: Iterable[tuple[str, float, float, str]]) -> bytes:
    """Layouts on one scale, one below the other.

    Parameters
    ----------
    panels : iterable
        Of each its title, width and height in micrometres, and what `drawing` made of it.
    """
    panels = list(panels)
    width = max(round(10 * wide) for _, wide, _, _ in panels) + 100
    y, body = 0, []
    for title, wide, high, text in panels:
        size = f"{wide:.0f} x {high:.0f} um"
        body.append(f'<text x="50" y="{y + 70}" font-size="60">{escape(title)}: {size}</text>')
        body.append(f'<g transform="translate(50 {y + 110})">\n{text}\n</g>')
        y += round(10 * high) + 190
    x = 50
    for kind, meaning in _MEANINGS.items():
        color = (_CELLS | _WIRES)[kind]
        body.append(f'<rect x="{x}" y="{y}" width="50" height="50" fill="{color}"/>')
        body.append(f'<text x="{x + 65}" y="{y + 45}" font-size="50">{meaning}</text>')
        x += 110 + 32 * len(meaning)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
        f'viewBox="0 0 {max(width, x)} {y + 90}" width="900">'
        f'<rect width="{max(width, x)}" height="{y + 90}" fill="white"/>'
    )
    return "\n".join([head, *body, "</svg>", ""]).encode()
