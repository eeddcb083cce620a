"""Pictures of many points: fronts by network and lanes, gates by part, the surface of a window.

They are for print: PNG, SVG and PDF of the same figure, with the same bytes for the same points.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fp8mac.synth_reports.page.committed import number, table
from fp8mac.synth_reports.page.fronts import FORMATS, Losses, draw_fronts
from fp8mac.synth_reports.render.plots import COLOURS, MARK, drawing, entitle, rendered

__all__ = ["ACROSS", "drawn"]

_PARTS = {
    "multiplier": "multiplier",
    "align_add": "align and add",
    "normalise_accumulate": "normalise and accumulate",
}


ACROSS = ("area_ge", "area_um2", "gates", "delay_fo4", "delay_ns", "energy_cinv_v2", "energy_pj")
ACROSS += ("luts",)
"""Costs that fronts can have across, fields of `ReportPoint`."""


def drawn(losses: Losses, folder: Path | None, across: str = ACROSS[0]) -> dict[str, bytes]:
    """All pictures that there are numbers for.

    Parameters
    ----------
    losses : Losses
        Rows, for the fronts.
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
    if len(losses.cost):
        makers["fronts"] = lambda: draw_fronts(losses, across)
    if folder is not None and (rows := [row for row, _ in table(folder / "figure3.csv")]):
        makers["parts"] = lambda: _parts(rows)
    if folder is not None:
        cells = [row for row, _ in table(folder / "window.csv") if row["part"] == "sums"]
        if cells:
            makers["window"] = lambda: _window(cells)
    return {
        f"{name}.{suffix}": data for name, make in makers.items() for suffix, data in make().items()
    }


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
