"""Pictures for people: the same numbers give the same bytes, without dates or names of programs."""

import importlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = [
    "COLOURS",
    "MARK",
    "MARKERS",
    "Lines",
    "Marks",
    "Panel",
    "drawing",
    "entitle",
    "grouped_bars",
    "line_panels",
    "rendered",
]

COLOURS = ("#4d4d4d", "#56b4e9", "#0072b2", "#e69f00", "#009e73")
"""Okabe and Ito's: told apart by everybody, and by their lightness in print."""

MARK = "#d55e00"
"""The colour of what stands out, beside them."""

MARKERS = "osD^v<>pP*"
"""Shapes of points, for as many kinds."""

_STYLE = {
    "svg.hashsalt": "fp8mac",
    "svg.fonttype": "none",  # text stays text: small, and searchable
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}

_METADATA = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True)
class Marks:
    """Diamonds on the bars of one kind: what is counted differently.

    Parameters
    ----------
    label : str
        What the legend calls them.
    bars : str
        Kind of bars that they stand on.
    heights : list of float
        One a group.
    """

    label: str
    bars: str
    heights: list[float]


@dataclass(frozen=True)
class Panel:
    """Groups of bars side by side.

    Parameters
    ----------
    title : str
        What stands above.
    groups : list of str
        Names below the groups.
    bars : dict of str to list of float
        By kind, the height of the bar in each group.
    marks : Marks, optional
        On some of the bars.
    """

    title: str
    groups: list[str]
    bars: dict[str, list[float]]
    marks: Marks | None = None


_PANELS = 4  # in a row
_GAP = 5  # hundredths of an inch between names


def grouped_bars(
    title: str, y_label: str, panels: list[Panel], *, number: str = ".0f", note: str
) -> dict[str, bytes]:
    """Draw panels beside each other, four in a row at most, with one scale and one legend.

    Parameters
    ----------
    title, y_label : str
        What the picture and its scale are called.
    panels : list of Panel
        At least one; all with the same kinds of bars, five at most.
    number : str
        How the heights are written.
    note : str
        What was measured, on how much, and how sure it is; below the title.

    Returns
    -------
    dict of str to bytes
        Files by suffix, ``png`` and ``svg``.
    """
    rows = -(-len(panels) // _PANELS)
    columns = -(-len(panels) // rows)
    with drawing(15, 6.8 if rows == 1 else 4.8 * rows) as figure:
        entitle(figure, title, note)
        frames = figure.subplots(rows, columns, sharey=True, squeeze=False)
        axes = list(frames.flat)
        for panel, axis in zip(panels, axes, strict=False):
            _draw(axis, panel, number)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        for axis in frames[:, 0]:
            axis.set_ylabel(y_label)
        axes[0].margins(y=0.1)
        legend = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
        labels = [*panels[0].bars, *(label for label in legend if label not in panels[0].bars)]
        figure.legend(
            [legend[label] for label in labels],
            labels,
            loc="outside lower center",
            ncols=len(labels),
            frameon=False,
        )
        _narrow(figure, axes[: len(panels)])
        return rendered(figure)


def _narrow(figure: Any, axes: Sequence[Any]) -> None:
    """Make the names below the groups smaller until there is room between them."""
    for size in (10, 9, 8, 7, 6):
        for axis in axes:
            axis.tick_params(axis="x", labelsize=size)
        figure.draw_without_rendering()
        rows = [[text.get_window_extent() for text in axis.get_xticklabels()] for axis in axes]
        pairs = [pair for row in rows for pair in pairwise(row)]
        if all(right.x0 - left.x1 > _GAP for left, right in pairs):
            return


@dataclass(frozen=True)
class Lines:
    """Curves in one frame.

    Parameters
    ----------
    title : str
        What stands above.
    curves : dict of str to list of (float, float)
        By name, points from the left to the right; at most five.
    """

    title: str
    curves: dict[str, list[tuple[float, float]]]


def line_panels(
    title: str, labels: tuple[str, str], panels: list[Lines], *, note: str
) -> dict[str, bytes]:
    """Draw frames beside each other, with the same scales; the horizontal one doubles.

    Parameters
    ----------
    title : str
        What the picture is called.
    labels : pair of str
        What the horizontal and the vertical scale are called.
    panels : list of Lines
        At least one.
    note : str
        What was measured, on how much, and how sure it is; below the title.

    Returns
    -------
    dict of str to bytes
        Files by suffix, ``png`` and ``svg``.
    """
    with drawing(12, 5.2) as figure:
        entitle(figure, title, note)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for panel, axis in zip(panels, axes, strict=True):
            for number, (name, points) in enumerate(panel.curves.items()):
                x, y = [point[0] for point in points], [point[1] for point in points]
                style = {"marker": MARKERS[number], "color": COLOURS[number]}
                axis.plot(x, y, label=name, linewidth=1.6, **style)
                if points:
                    axis.annotate(name, (x[-1], y[-1]), xytext=(6, -3), textcoords="offset points")
            axis.set_title(panel.title)
            axis.set_xscale("log", base=2)
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
            axis.margins(x=0.14)
            axis.set_xlabel(labels[0])
            axis.grid(color="#dddddd", linewidth=0.8)
        axes[0].set_ylabel(labels[1])
        return rendered(figure)


@contextmanager
def drawing(width: float, height: float) -> Iterator[Any]:
    """An empty figure of so many inches, and its style as long as it is drawn."""
    matplotlib = importlib.import_module("matplotlib")
    figures = importlib.import_module("matplotlib.figure")
    with matplotlib.rc_context(_STYLE):
        yield figures.Figure(figsize=(width, height), layout="constrained")


def entitle(figure: Any, title: str, note: str) -> None:
    """Write a title and what one has to know of the numbers."""
    figure.suptitle(f"{title}\n{note}", fontsize=12, linespacing=1.5)


def rendered(figure: Any, suffixes: Sequence[str] = ("png", "svg")) -> dict[str, bytes]:
    """A figure as files by suffix, ``png``, ``svg`` or ``pdf``."""
    files = {}
    for suffix in suffixes:
        figure.savefig(
            file := io.BytesIO(),
            format=suffix,
            dpi=120,
            metadata=_METADATA[suffix],
            facecolor="white",
        )
        files[suffix] = file.getvalue()
    return files


def _draw(axis: Any, panel: Panel, number: str) -> None:
    width = 0.88 / len(panel.bars)
    for place, (kind, heights) in enumerate(panel.bars.items()):
        places = [
            group + (place - (len(panel.bars) - 1) / 2) * width for group in range(len(heights))
        ]
        bars = axis.bar(places, heights, 0.94 * width, label=kind, color=COLOURS[place])
        marks = panel.marks if panel.marks and panel.marks.bars == kind else None
        tops = list(heights)
        if marks:
            axis.plot(
                places,
                marks.heights,
                linestyle="none",
                marker="D",
                markersize=5,
                color=MARK,
                markeredgecolor="white",
                label=marks.label,
            )
            tops = [max(pair) for pair in zip(heights, marks.heights, strict=True)]
        for bar, height, top in zip(bars, heights, tops, strict=True):
            axis.annotate(
                f"{height:{number}}",
                (bar.get_x() + bar.get_width() / 2, top),
                xytext=(0, 6 if marks else 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                rotation=90,
                fontsize=8,
            )
    axis.set_title(panel.title)
    axis.set_xticks(range(len(panel.groups)), panel.groups)
    axis.tick_params(axis="x", length=0)
    axis.grid(axis="y", color="#dddddd", linewidth=0.8)
    axis.set_axisbelow(True)
