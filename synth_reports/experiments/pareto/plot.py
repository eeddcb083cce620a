"""Area against accuracy as a picture."""

import math
from collections.abc import Sequence
from typing import Any

from fp8mac.synth_reports.experiments.pareto.pareto import Chart, ParetoPoint
from fp8mac.synth_reports.render.labels import Box, place
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered

__all__ = ["picture", "ticks"]

_MORE_COLOURS = (*COLOURS, "#cc79a7", "#8c6d31", "#000000")
_AREAS = {
    "weighted_gates": "gates of the unit (AND, OR 1; XOR 3; flip-flop 6)",
    "two_input_gates": "two-input gates",
    "area_ge": "area of the unit, gate equivalents (GE)",
    "delay_fo4": "delay of the unit, FO4",
    "energy_unit_delay_cinv_v2": "energy of a product, C_inv V², with glitches",
    "energy_functional_cinv_v2": "energy of a product, C_inv V², without glitches",
    "luts": "tables of the FPGA (LUT)",
    "period_ns": "period of the FPGA's clock, ns",
}
_FONT = 8.5
_BELOW = 0.13
"""How far below the edge those stand that are farther down, as a part of the scale."""
_ROUND = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_WIDE = (1, 2, 5)
"""Round numbers on a scale, and on one that is wider than a factor of six."""


def picture(charts: Sequence[Chart]) -> dict[str, bytes]:
    """Frames above each other, one for each measure, with a common scale of area.

    Parameters
    ----------
    charts : sequence of Chart
        Of one network.

    Returns
    -------
    dict of str to bytes
        Files by suffix, ``png`` and ``svg``.
    """
    points = [point for chart in charts for point in chart.points]
    colours = _styles((point.format for point in points), _MORE_COLOURS)
    markers = _styles((point.accumulator for point in points), MARKERS)
    with drawing(10, 0.9 + 4.6 * len(charts)) as figure:
        first = charts[0]
        note = f"{first.metric}, {first.samples:,} questions"
        if any(chart.quantity.low for chart in charts):
            note += "; bars: paired 95 % intervals of the difference to float32"
        if any(not chart.quantity.low for chart in charts):
            note += "; SQNR has no interval"
        what = first.area.partition("_")[0]
        what = what.capitalize() if what in ("delay", "energy") else "Area"
        entitle(figure, f"{what} against accuracy: {first.network}", note)
        axes = figure.subplots(len(charts), 1, sharex=True, squeeze=False)[:, 0]
        for chart, axis in zip(charts, axes, strict=True):
            _draw(axis, chart, colours, markers)
        axes[-1].set_xlabel(_AREAS.get(charts[0].area, charts[0].area.replace("_", " ")))
        _legend(figure, axes[0], colours, markers)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for chart, axis in zip(charts, axes, strict=True):
            _label(figure, axis, chart, colours)
        return rendered(figure)


def _styles(names: Any, choices: Sequence[str]) -> dict[str, str]:
    unique = list(dict.fromkeys(names))
    return {name: choices[number % len(choices)] for number, name in enumerate(unique)}


def _floor(chart: Chart) -> float:
    """What is farther below than this is drawn below an edge."""
    best = max(map(chart.rank, chart.points), default=0)
    noise = (each.value - each.low for each in chart.points if chart.rank(each) == 0)
    return best - max(chart.quantity.window, *noise, 0)


def _ends(chart: Chart) -> tuple[float, float]:
    """Lowest and highest value that is drawn at its place, with its interval."""
    low = min((point.low for point in chart.points), default=0)
    return max(_floor(chart), low), max((point.high for point in chart.points), default=0)


def _place(chart: Chart, point: ParetoPoint) -> tuple[float, float]:
    """Where a point is drawn: a little below the edge if it is farther down."""
    low, top = _ends(chart)
    return point.area, point.value if point.value >= low else low - _BELOW * (top - low)


def _draw(axis: Any, chart: Chart, colours: dict[str, str], markers: dict[str, str]) -> None:
    best = chart.front
    for point in chart.points:
        x, y = _place(chart, point)
        colour = colours[point.format]
        if y == point.value and point.low < point.high:
            ends = [max(point.low, _ends(chart)[0]), point.high]
            axis.plot([x, x], ends, color=colour, linewidth=1, alpha=0.55)
        axis.plot(
            *([x], [y]),
            marker=markers[point.accumulator],
            markersize=7,
            color=colour if point in best else "white",
            markeredgecolor=colour,
            markeredgewidth=1.4,
            zorder=3,
        )
    if best:
        low = _ends(chart)[0]
        corners = [
            (point.area, rank if (rank := chart.rank(point)) >= low else _place(chart, point)[1])
            for point in best
        ]
        x, y = zip(*corners, strict=True)
        end = max(point.area for point in chart.points)
        axis.step([*x, end], [*y, y[-1]], where="post", color=MARK, linewidth=1.2, zorder=1)
    axis.set_ylabel(chart.quantity.title)
    axis.set_xscale("log")
    axis.margins(x=0.09)
    round_numbers = ticks([point.area for point in chart.points])
    axis.set_xticks(round_numbers, [f"{tick:g}" for tick in round_numbers])
    axis.minorticks_off()
    if chart.points:
        low, top = _ends(chart)
        room = 0.12 * max(top - low, 1e-9)
        below = any(point.value < low for point in chart.points)
        if below:
            axis.axhline(low, color="#999999", linewidth=1, linestyle=(0, (2, 2)), zorder=0)
            style = {"textcoords": "offset points", "fontsize": _FONT, "color": "#777777"}
            where = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "top"}
            axis.annotate("farther below, with values", (1, low), xytext=(0, -2), **style, **where)
            axis.set_yticks([tick for tick in axis.get_yticks() if tick >= low])
        if chart.quantity.low:
            axis.axhline(0, color="#777777", linewidth=1, zorder=0)
        axis.set_ylim(low - room - below * _BELOW * (top - low), top + room)
    axis.grid(color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)


def ticks(values: Sequence[float]) -> list[float]:
    """Round numbers on a logarithmic scale of areas."""
    if not values:
        return []
    least, most = min(values), max(values)
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    round_ = _ROUND if most < 6 * least else _WIDE
    numbers = [mantissa * 10.0**decade for decade in decades for mantissa in round_]
    return [number for number in numbers if 0.9 * least < number < 1.1 * most]


def _legend(figure: Any, axis: Any, colours: dict[str, str], markers: dict[str, str]) -> None:
    style: dict[str, Any] = {"linestyle": "none", "markersize": 7}
    entries = [
        axis.plot([], [], marker="o", color=colour, label=name, **style)[0]
        for name, colour in colours.items()
    ]
    entries += [
        axis.plot([], [], marker=marker, color="#ffffff00", mec="#333333", label=name, **style)[0]
        for name, marker in markers.items()
    ]
    entries += axis.plot([], [], color=MARK, label="Pareto front (filled)")
    figure.legend(handles=entries, loc="outside lower center", ncols=6, frameon=False)


def _label(figure: Any, axis: Any, chart: Chart, colours: dict[str, str]) -> None:
    """Write labels where there is room; a thin line leads to those that are not beside."""
    best = chart.front
    points = [*best, *(point for point in chart.points if point not in best)]
    texts = [
        axis.annotate(
            _text(chart, point),
            _place(chart, point),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=_FONT,
            fontweight="bold" if point in best else "normal",
            va="bottom",
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.3},
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6, "shrinkB": 4},
        )
        for point in points
    ]
    pixels = [tuple(axis.transData.transform(_place(chart, point))) for point in points]
    extents = [text.get_window_extent() for text in texts]
    frame = axis.get_window_extent()
    scale = figure.dpi / 72
    boxes = place(
        pixels,
        [(1.06 * each.width, each.height) for each in extents],
        Box(frame.x0, frame.y0, frame.x1, frame.y1),
        5 * scale,
    )
    for text, box, (x, y) in zip(texts, boxes, pixels, strict=True):
        if box is None:
            text.remove()
        else:
            text.set_position(((box.left - x) / scale, (box.bottom - y) / scale))


def _text(chart: Chart, point: ParetoPoint) -> str:
    if point.value >= _ends(chart)[0]:
        return point.label
    return f"{point.label}: {point.value:.1f}"
