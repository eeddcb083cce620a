"""Pictures of many points: fronts by network and lanes, gates by part, the surface of a window.

They are for print: PNG, SVG and PDF of the same figure, with the same bytes for the same points.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from fp8mac.synth_reports.experiments.pareto.pareto import ParetoPoint, front
from fp8mac.synth_reports.experiments.pareto.plot import ticks
from fp8mac.synth_reports.page.committed import number, table
from fp8mac.synth_reports.page.points import MEASURES, Contents, ReportPoint
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered

__all__ = ["ACROSS", "FORMATS", "drawn"]

FORMATS = ("png", "svg", "pdf")
"""Suffixes of the files."""

_COLUMNS = 3
_MANY = 2000
"""Points of a frame, above which SVG and PDF hold them as an image."""
_TITLES = {each.name: each.title for each in MEASURES}
_PARTS = {
    "multiplier": "multiplier",
    "align_add": "align and add",
    "normalise_accumulate": "normalise and accumulate",
}


ACROSS = ("area_ge", "area_um2", "gates", "delay_fo4", "delay_ns", "energy_cinv_v2", "energy_pj")
ACROSS += ("luts",)
"""Costs that fronts can have across, fields of `ReportPoint`."""


def drawn(contents: Contents, folder: Path | None, across: str = ACROSS[0]) -> dict[str, bytes]:
    """All pictures that there are numbers for.

    Parameters
    ----------
    contents : Contents
        Points, for the fronts.
    folder : Path, optional
        Of tables: ``figure3.csv`` for the parts, ``window.csv`` for the surface.
    across : str
        Cost that the fronts have across, of `ACROSS`.

    Returns
    -------
    dict of str to bytes
        Files by name, such as ``fronts.pdf``.

    Raises
    ------
    PageError
        If a table is none.
    """
    makers: dict[str, Callable[[], Mapping[str, bytes]]] = {}
    if any(_is_drawn(point, across) for point in contents.points):
        makers["fronts"] = lambda: _fronts(contents.points, across)
    if folder is not None and (rows := [row for row, _ in table(folder / "figure3.csv")]):
        makers["parts"] = lambda: _parts(rows)
    if folder is not None:
        cells = [row for row, _ in table(folder / "window.csv") if row["part"] == "sums"]
        if cells:
            makers["window"] = lambda: _window(cells)
    return {
        f"{name}.{suffix}": data for name, make in makers.items() for suffix, data in make().items()
    }


def _is_drawn(point: ReportPoint, across: str) -> bool:
    return bool(point.network) and None not in (point.loss, getattr(point, across))


def _fronts(points: Sequence[ReportPoint], across: str) -> Mapping[str, bytes]:
    """A frame for each network: its points, and a front for each number of lanes."""
    points = [point for point in points if _is_drawn(point, across)]
    networks = list(dict.fromkeys(point.network for point in points))
    lanes = sorted({point.lanes for point in points})
    columns = min(_COLUMNS, len(networks))
    rows = math.ceil(len(networks) / columns)
    sources = ", ".join(dict.fromkeys(point.source for point in points))
    with drawing(4.2 * columns + 0.6, 3.4 * rows + 1.0) as figure:
        entitle(
            figure,
            f"Loss against {_TITLES[across].partition(',')[0]}, and the fronts",
            f"{len(points):,} rows of {sources}; bars: paired 95 % intervals; a loss that is not "
            "told apart from none counts as none",
        )
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, network in zip(axes, networks, strict=False):
            chosen = [point for point in points if point.network == network]
            _frame(axis, chosen, lanes, across)
            asked = max(point.questions or 0 for point in chosen)
            axis.set_title(
                f"{network}, {chosen[0].metric}" + f", {asked:,} questions" * bool(asked)
            )
        for axis in axes[len(networks) :]:
            axis.set_visible(False)
        for axis in axes[::columns]:
            axis.set_ylabel(_TITLES["loss"])
        for axis in axes[max(0, len(networks) - columns) : len(networks)]:
            axis.set_xlabel(_TITLES[across])
        handles, labels = axes[0].get_legend_handles_labels()
        if len(lanes) > 1:
            figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        return rendered(figure, FORMATS)


def _frame(axis: Any, points: Sequence[ReportPoint], lanes: Sequence[int], across: str) -> None:
    """Points and fronts of a network; losses grow downwards, and stop at four beyond the noise."""
    cost = attrgetter(across)
    for number_, count in enumerate(lanes):
        chosen = [point for point in points if point.lanes == count]
        colour = COLOURS[(number_ + 2) % len(COLOURS)]
        marker = MARKERS[number_ % len(MARKERS)]
        label = f"{count} lanes" if count > 1 else "1 lane"
        x = [cost(point) for point in chosen]
        y = [point.loss for point in chosen]
        bars = [
            (cost(point), point.loss_low, point.loss_high)
            for point in chosen
            if point.loss_low is not None and point.loss_high is not None
        ]
        many = {"rasterized": len(points) > _MANY}
        if bars:
            ends = [(at, end) for at, low, high in bars for end in (low, high, math.nan)]
            thin = {"color": colour, "linewidth": 0.8, "alpha": 0.4}
            axis.plot(*zip(*ends, strict=True), **thin, **many)
        style = {"markerfacecolor": "white", "linestyle": "none", "markersize": 5} | many
        axis.plot(x, y, marker=marker, color=colour, label=label, **style)
        best = front(
            [
                _ranked(point, cost(point))
                for point in chosen
                if point.rank is not None and cost(point)
            ]
        )
        if best:
            losses = [-point.value for point in best]
            ends = [*(point.area for point in best), max(cost(point) for point in points)]
            axis.step(ends, [*losses, losses[-1]], where="post", color=MARK, linewidth=1.2)
    noise = max([0.0, *(point.loss_high or 0.0 for point in points if point.rank == 0)])
    least = min(min(point.loss or 0.0, point.loss_low or 0.0) for point in points)
    most = max(max(point.loss or 0.0, point.loss_high or 0.0) for point in points)
    edge = min(most, max(4.0, noise))
    far = sum((point.loss or 0.0) > edge for point in points)
    if far:
        where = {"xy": (0.98, 0.02), "xycoords": "axes fraction", "ha": "right"}
        axis.annotate(f"{far} lose more than {edge:.1f}", fontsize=8, color="#555555", **where)
    room = 0.05 * (edge - least or 1.0)
    axis.set_ylim(edge + room, least - room)
    axis.set_xscale("log")
    axis.minorticks_off()
    marks = ticks([cost(point) for point in points])
    axis.set_xticks(marks, [f"{tick:,.4g}" if tick < 1000 else f"{tick:,.0f}" for tick in marks])
    axis.grid(color="#dddddd", linewidth=0.8)
    axis.axhline(0, color="#777777", linewidth=0.8)


def _ranked(point: ReportPoint, cost: float) -> ParetoPoint:
    value = -(point.rank or 0.0)
    return ParetoPoint(point.unit, "", "", cost, value, value, value)


def _parts(rows: Sequence[Mapping[str, str]]) -> Mapping[str, bytes]:
    """Gates of each part on top of each other, published and by the model, and what was counted."""
    with drawing(11, 0.42 * len(rows) + 2.0) as figure:
        entitle(
            figure,
            "Gates by part",
            f"{len(rows)} units of figure3.csv; pale: published (arXiv:2303.17951); below: its "
            "model, part by part;\ndiamonds: core and flip-flops as synthesised",
        )
        axis = figure.subplots()
        for kind, lift, alpha in (("published", -0.2, 0.55), ("model", 0.2, 1.0)):
            left = [0.0] * len(rows)
            for place, (part, title) in enumerate(_PARTS.items()):
                widths = [float(number(row, f"{kind}_{part}_gates") or 0.0) for row in rows]
                axis.barh(
                    *([at + lift for at in range(len(rows))], widths, 0.38),
                    left=left,
                    color=COLOURS[place + 1],
                    alpha=alpha,
                    label=title if kind == "model" else None,
                )
                left = [one + other for one, other in zip(left, widths, strict=True)]
        counted = [float(number(row, "core_and_flip_flops_gates") or 0.0) for row in rows]
        style = {"linestyle": "none", "marker": "D", "markersize": 4, "color": MARK}
        axis.plot(counted, range(len(rows)), label="synthesised", **style)
        axis.set_yticks(
            range(len(rows)), [f"{row['format']}, {row['accumulator']}" for row in rows]
        )
        axis.invert_yaxis()
        axis.set_xlabel("gates")
        axis.grid(axis="x", color="#dddddd", linewidth=0.8)
        axis.set_axisbelow(True)
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
        return rendered(figure, FORMATS)


def _window(rows: Sequence[Mapping[str, str]]) -> Mapping[str, bytes]:
    """SQNR of sums over bits of the window and lanes, a frame for each length of sums."""
    terms = sorted({_whole(row, "terms") for row in rows})
    bits = sorted({_whole(row, "bits") for row in rows})
    lanes = sorted({_whole(row, "lanes") for row in rows})
    known = [value for row in rows if (value := number(row, "sqnr_db")) is not None]
    with drawing(4.2 * len(terms) + 1.2, 0.26 * len(bits) + 1.8) as figure:
        entitle(
            figure,
            "SQNR of sums by bits of the window and lanes, dB",
            f"standard normal numbers as e4m3, {int(rows[0]['sums']):,} sums a cell, rows of "
            "window.csv; SQNR has no interval; exact: no sum was wrong",
        )
        axes = figure.subplots(1, len(terms), sharey=True, squeeze=False)[0]
        image = None
        for axis, length in zip(axes, terms, strict=True):
            cells = {
                (_whole(row, "bits"), _whole(row, "lanes")): number(row, "sqnr_db")
                for row in rows
                if _whole(row, "terms") == length
            }
            top = max(known)
            surface = [[_height(cells, (bit, lane), top) for lane in lanes] for bit in bits]
            image = axis.imshow(
                surface, cmap="cividis", vmin=min(known), vmax=top, aspect="auto", origin="lower"
            )
            for (bit, lane), value in cells.items():
                where = (lanes.index(lane), bits.index(bit))
                dark = value is not None and value < (min(known) + top) / 2
                text = "exact" if value is None else f"{value:.0f}"
                colour = "white" if dark else "black"
                axis.annotate(text, where, ha="center", va="center", fontsize=7, color=colour)
            axis.set_title(f"{length:,} products")
            axis.set_xticks(range(len(lanes)), [str(lane) for lane in lanes])
            axis.set_yticks(range(len(bits)), [str(bit) for bit in bits])
            axis.set_xlabel("lanes")
        axes[0].set_ylabel("bits below the largest exponent")
        figure.colorbar(image, ax=list(axes), label="SQNR, dB")
        return rendered(figure, FORMATS)


def _height(
    cells: Mapping[tuple[int, int], float | None], place: tuple[int, int], top: float
) -> float:
    """A cell of the surface; exact ones are as high as the highest, missing ones empty."""
    if place not in cells:
        return math.nan
    value = cells[place]
    return top if value is None else value


def _whole(row: Mapping[str, str], column: str) -> int:
    return int(number(row, column) or 0)
