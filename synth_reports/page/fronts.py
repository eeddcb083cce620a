"""Loss against a cost, and the fronts: a frame for each network, however many rows there are."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.synth_reports.experiments.pareto.plot import ticks
from fp8mac.synth_reports.page.points import MEASURES, PageError, ReportPoint
from fp8mac.synth_reports.page.stored import chosen_by
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered
from fp8mac.synth_reports.store.points.points import PointStore

__all__ = ["FORMATS", "TITLES", "Losses", "draw_fronts", "losses_of", "stored_losses"]

FORMATS = ("png", "svg", "pdf")
"""Suffixes of the files."""

TITLES = {each.name: each.title for each in MEASURES}
"""What people read at an axis."""

_COLUMNS = 3
_MANY = 2000
"""Points of a frame, above which SVG and PDF hold them as an image, and neighbours are one mark."""
_INCHES = (4.2, 3.4)
"""Of a frame."""
_MARK = 5
"""Points (1/72 inch) across a mark."""
_FAR = 4.0
"""Losses beyond it, and beyond the noise, are counted and not drawn."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What is drawn, column by column.

    Parameters
    ----------
    network, metric, source : sequence of str
        What ran, what its metric is, and the table that a row is from.
    lanes : array of int
        Products a cycle.
    cost, loss, low, high : array of float
        Across; up, in points, with its interval, NaN where there is none.
    asked : array of float
        Questions to the network; NaN where nobody says.
    rows : int
        That there were, those without a loss or a cost among them.
    """

    network: Sequence[str]
    metric: Sequence[str]
    source: Sequence[str]
    lanes: NDArray[np.int64]
    cost: Floats
    loss: Floats
    low: Floats
    high: Floats
    asked: Floats
    rows: int

    @property
    def rank(self) -> Floats:
        """Loss as it counts, see `fp8mac.synth_reports.page.points.ReportPoint.rank`."""
        return np.where(self.low <= 0, 0.0, self.loss)


def losses_of(points: Sequence[ReportPoint], across: str) -> Losses:
    """Points that have a network, a loss and a cost.

    Parameters
    ----------
    points : sequence of ReportPoint
        All of them.
    across : str
        The cost, a field of them.
    """
    kinds = ("network", "metric", "source", "lanes", across)
    row_of = attrgetter(*kinds, "loss", "loss_low", "loss_high", "questions")
    chosen = [
        row_of(each)
        for each in points
        if each.network and None not in (each.loss, getattr(each, across))
    ]
    return _losses(chosen, len(points))


def stored_losses(path: Path, across: str, where: str = "") -> Losses:
    """Rows of a store that have a network, a loss and a cost; only these columns are read.

    Parameters
    ----------
    path : Path
        The store.
    across : str
        The cost, a column of ``points``.
    where : str
        Condition in SQL; all rows by default.

    Raises
    ------
    PageError
        If the condition is none, if it chooses no row, or a number is none.
    PointStoreError
        If it is no store.
    """
    names = ("network", "metric", "lanes", across, "loss", "loss_low", "loss_high", "questions")
    told = f"network <> '' AND loss IS NOT NULL AND {across} IS NOT NULL"
    with chosen_by(path, where):
        found = PointStore(path).cells(names, f"{told} AND ({where}\n)" if where else told)
        ((count,),) = PointStore(path).cells(("count(*)",), where)
    if not count:
        raise PageError(f"'{path}' has no rows{f' where {where}' if where else ''}.")
    for place, name in enumerate(names[2:], 2):
        wrong = (row[place] for row in found if not isinstance(row[place], int | float | None))
        if (value := next(wrong, None)) is not None:
            raise PageError(f"'{path}': '{value}' in column '{name}' is not a number.")
    rows = [(row[0], row[1] or "", "sweep", row[2] or 1, *row[3:]) for row in found]
    losses = _losses(rows, count)
    for column in (losses.loss, losses.low, losses.high):
        np.round(100 * column, 4, out=column)
    return losses


def _losses(rows: Iterable[tuple[Any, ...]], count: int) -> Losses:
    columns: list[Any] = list(zip(*rows, strict=True)) or [()] * 9
    network, metric, source = columns[:3]
    cost, loss, low, high, asked = (np.array(each, float) for each in columns[4:])
    lanes = np.array(columns[3], np.int64)
    return Losses(network, metric, source, lanes, cost, loss, low, high, asked, count)


def draw_fronts(losses: Losses, across: str) -> Mapping[str, bytes]:
    """A frame for each network: its points, and a front for each number of lanes.

    Parameters
    ----------
    losses : Losses
        At least one row.
    across : str
        Which cost they have.

    Returns
    -------
    mapping of str to bytes
        Files by suffix.
    """
    names = np.array(losses.network)
    networks = list(dict.fromkeys(losses.network))
    lanes = sorted(map(int, np.unique(losses.lanes)))
    columns = min(_COLUMNS, len(networks))
    rows = math.ceil(len(networks) / columns)
    sources = ", ".join(dict.fromkeys(losses.source))
    frames = [np.flatnonzero(names == network) for network in networks]
    note = (
        f"{len(names):,} rows of {sources}; bars: paired 95 % intervals; a loss that is not "
        "told apart from none counts as none"
    )
    if any(len(each) > _MANY for each in frames):
        note += "\nrows less than half a mark apart are one mark; only fronts have bars"
    with drawing(_INCHES[0] * columns + 0.6, _INCHES[1] * rows + 1.0) as figure:
        title = f"Loss against {TITLES[across].partition(',')[0]}, and the fronts"
        entitle(figure, title, note)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, network, chosen in zip(axes, networks, frames, strict=False):
            _frame(axis, losses, chosen, lanes)
            asked = np.nanmax([0.0, *losses.asked[chosen]])
            named = f"{network}, {losses.metric[chosen[0]]}"
            axis.set_title(named + f", {asked:,.0f} questions" * bool(asked))
        for axis in axes[len(networks) :]:
            axis.set_visible(False)
        for axis in axes[::columns]:
            axis.set_ylabel(TITLES["loss"])
        for axis in axes[max(0, len(networks) - columns) : len(networks)]:
            axis.set_xlabel(TITLES[across])
        handles, labels = axes[0].get_legend_handles_labels()
        if len(lanes) > 1:
            figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # it is laid out, for all files
        return rendered(figure, FORMATS)


def _frame(axis: Any, losses: Losses, rows: NDArray[np.intp], lanes: Sequence[int]) -> None:
    """Points and fronts of a network; losses grow downwards, and stop at four beyond the noise."""
    cost, loss, low, high = (
        each[rows] for each in (losses.cost, losses.loss, losses.low, losses.high)
    )
    rank, width = losses.rank[rows], losses.lanes[rows]
    noise = max(0.0, np.nanmax(high[rank == 0], initial=0.0))
    least = float(np.nanmin([loss, low]))
    edge = min(float(np.nanmax([loss, high])), max(_FAR, noise))
    many = len(rows) > _MANY
    for number, count in enumerate(lanes):
        chosen = np.flatnonzero(width == count)
        best = chosen[corners(cost[chosen], rank[chosen])]
        shown, barred = chosen[loss[chosen] <= edge], chosen
        if many:
            shown = shown[_first_of_each(cost[shown], loss[shown], edge - least)]
            barred = best
        colour = COLOURS[(number + 2) % len(COLOURS)]
        bars = barred[~np.isnan(low[barred] + high[barred])]
        if len(bars):
            ends = np.stack([low[bars], high[bars], np.full(len(bars), np.nan)], 1).ravel()
            style = {"color": colour, "linewidth": 0.8, "alpha": 0.4}
            axis.plot(np.repeat(cost[bars], 3), ends, **style)
        axis.plot(
            *(cost[shown], loss[shown]),
            marker=MARKERS[number % len(MARKERS)],
            color=colour,
            label=f"{count} lanes" if count > 1 else "1 lane",
            markerfacecolor="white",
            linestyle="none",
            markersize=_MARK,
            rasterized=many,
        )
        if len(best):
            ends = np.append(cost[best], cost.max()), rank[[*best, best[-1]]]
            axis.step(*ends, where="post", color=MARK, linewidth=1.2)
    if far := int((loss > edge).sum()):
        where = {"xy": (0.98, 0.02), "xycoords": "axes fraction", "ha": "right"}
        axis.annotate(f"{far:,} lose more than {edge:.1f}", fontsize=8, color="#555555", **where)
    room = 0.05 * (edge - least or 1.0)
    axis.set_ylim(edge + room, least - room)
    axis.set_xscale("log")
    axis.minorticks_off()
    marks = ticks([float(cost.min()), float(cost.max())])
    axis.set_xticks(marks, [f"{tick:,.4g}" if tick < 1000 else f"{tick:,.0f}" for tick in marks])
    axis.grid(color="#dddddd", linewidth=0.8)
    axis.axhline(0, color="#777777", linewidth=0.8)


def corners(cost: Floats, rank: Floats) -> NDArray[np.intp]:
    """Where the front is, from the least cost: each corner loses less than all before it.

    Examples
    --------
    >>> corners(np.array([3.0, 1.0, 2.0, 2.0]), np.array([0.5, 2.0, 1.0, 1.5])).tolist()
    [1, 2, 0]
    """
    known = np.flatnonzero((cost > 0) & ~np.isnan(rank))
    order = known[np.lexsort((rank[known], cost[known]))]
    before = np.minimum.accumulate(np.append(np.inf, rank[order]))[:-1]
    return order[rank[order] < before]


def _first_of_each(cost: Floats, loss: Floats, height: float) -> NDArray[np.intp]:
    """The first of all rows that are in the same square of half a mark, in their order."""
    if not len(cost):
        return np.arange(0)
    across = np.log(np.maximum(cost, 1e-9))
    places = (across / (np.ptp(across) or 1.0), loss / (height or 1.0))
    sides = 2 * 72 / _MARK * np.array(_INCHES)
    squares = np.stack([np.floor(at * many) for at, many in zip(places, sides, strict=True)], 1)
    return np.sort(np.unique(squares, axis=0, return_index=True)[1])
