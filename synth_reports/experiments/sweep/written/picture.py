"""What a product costs against what a network keeps, unit by unit, a frame for each network."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from fp8mac.synth_reports.experiments.pareto.plot import ticks
from fp8mac.synth_reports.experiments.sweep.front import Row
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered

__all__ = ["drawn_rows", "picture"]

_SIZES = (6.0, 9.0, 12.0, 15.0)
_LEAST_INCHES = 9.0
_WORST_DB = -1.0
"""Below it a network's outputs are noise; what is worse stands there."""


def drawn_rows(rows: Iterable[Row]) -> list[Row]:
    """Those that have a frame: small units in a library that a network ran on."""
    return [
        row
        for row in rows
        if None not in (row["network"], row["area_ge"], row["sqnr_db"]) and row["goal"] == "area"
    ]


def picture(rows: Iterable[Row]) -> dict[str, bytes]:
    """Frames side by side; nothing where there is no row to draw.

    Across stands the area of a product, that of the unit divided by its lanes; up the SQNR of the
    network's outputs. Filled points are not told apart from float32 in the network's metric; the
    line is the front: no other point has less area and a higher SQNR.

    Parameters
    ----------
    rows : iterable of mapping
        Of a store.

    Returns
    -------
    dict of str to bytes
        Files by suffix, ``png`` and ``svg``.
    """
    rows = drawn_rows(rows)
    if not rows:
        return {}
    networks = list(dict.fromkeys(row["network"] for row in rows))
    colours = _styles((row["formats"] for row in rows), (*COLOURS[1:], "#cc79a7", "#000000"))
    markers = _styles(map(_family, rows), MARKERS)
    sizes = _styles(sorted({row["lanes"] for row in rows}), _SIZES)
    with drawing(max(_LEAST_INCHES, 4.3 * len(networks) + 0.8), 5.4) as figure:
        entitle(
            figure,
            "Area of a product against what a network keeps",
            "filled: not told apart from float32 in the network's own metric; line: the front;\n"
            "registered units in our own library, built for area, without wires",
        )
        axes = figure.subplots(1, len(networks), squeeze=False)[0]
        for axis, network in zip(axes, networks, strict=True):
            chosen = [row for row in rows if row["network"] == network]
            _frame(axis, chosen, colours, markers, sizes)
            asked = max(row["questions"] for row in chosen)
            axis.set_title(f"{network}, {asked:,} questions")
            axis.set_xlabel("area of a product, GE")
        axes[0].set_ylabel("SQNR of the outputs, dB")
        _legend(figure, colours, markers, sizes)
        return rendered(figure)


def _family(row: Row) -> str:
    """Accumulator without its options; the mantissa bits of one without a name are left out."""
    stem = str(row["accumulator"]).partition(":")[0]
    return re.sub(r"^(e[0-9]+m)[0-9]+$", r"\1*", stem)


def _styles(names: Iterable[Any], choices: Sequence[Any]) -> dict[Any, Any]:
    unique = list(dict.fromkeys(names))
    return {name: choices[number % len(choices)] for number, name in enumerate(unique)}


def _at(row: Row) -> tuple[float, float]:
    return row["area_ge"] / row["lanes"], max(row["sqnr_db"], _WORST_DB)


def _frame(axis: Any, rows: Sequence[Row], colours: Any, markers: Any, sizes: Any) -> None:
    for row in rows:
        x, y = _at(row)
        colour = colours[row["formats"]]
        axis.plot(
            *([x], [y]),
            marker=markers[_family(row)],
            markersize=sizes[row["lanes"]],
            color=colour if row["loss_low"] <= 0 else "white",
            markeredgecolor=colour,
            markeredgewidth=1.4,
            zorder=3,
        )
    corners: list[tuple[float, float]] = []
    for x, y in sorted(map(_at, rows), key=lambda each: (each[0], -each[1])):
        if not corners or y > corners[-1][1]:
            corners.append((x, y))
    across, up = zip(*corners, strict=True)
    end = max(_at(row)[0] for row in rows)
    axis.step([*across, end], [*up, up[-1]], where="post", color=MARK, linewidth=1.2, zorder=1)
    axis.set_xscale("log")
    axis.minorticks_off()
    marks = ticks([_at(row)[0] for row in rows])
    axis.set_xticks(marks, [f"{mark:,.0f}" for mark in marks])
    axis.margins(0.08)
    axis.grid(color="#e4e4e4", linewidth=0.8)
    axis.set_axisbelow(True)


def _legend(figure: Any, colours: Any, markers: Any, sizes: Any) -> None:
    from matplotlib.lines import Line2D

    def mark(label: str, shape: str = "o", colour: str = "#4d4d4d", size: float = 7.0) -> Line2D:
        style: dict[str, Any] = {
            "linestyle": "none",
            "markeredgecolor": colour,
            "markerfacecolor": colour,
        }
        return Line2D([], [], marker=shape, label=label, markersize=size, **style)

    handles = [mark(name, colour=colour) for name, colour in colours.items()]
    handles += [mark(f"in {name}", shape) for name, shape in markers.items()]
    if len(sizes) > 1:
        kinds = sizes.items()
        handles += [mark(f"{n} lane{'s' * (n > 1)}", colour="#aaaaaa", size=s) for n, s in kinds]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False)
