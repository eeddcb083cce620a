"""Area against delay as a picture: a colour for each family, a marker for each adder."""

from collections.abc import Sequence
from typing import Any

from fp8mac.hw.config.structure import Adder, Circuits
from fp8mac.synth_reports.experiments.curve.curve import (
    CurveRecord,
    envelope,
    points_of,
)
from fp8mac.synth_reports.experiments.curve.text import below, delay_unit, peers_of
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered

__all__ = ["picture"]

_TICKS = (0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_TICKS_FO4 = (20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400)
_AREAS = (400, 500, 600, 700, 800, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000)


def picture(records: Sequence[CurveRecord]) -> dict[str, bytes]:
    """Draw a unit.

    Parameters
    ----------
    records : sequence of CurveRecord
        Of one unit and one library.

    Returns
    -------
    dict of str to bytes
        Files by suffix, ``png`` and ``svg``.
    """
    unit = delay_unit(records)
    points = points_of(records)
    with drawing(10, 6) as figure:
        note = f"core, {records[0].library}, delay by ABC without wires; every point is proved"
        entitle(figure, f"Area against delay: {records[0].unit}", note)
        axis = figure.subplots()
        for record in records:
            _draw(axis, record)
        lowest = envelope(points)
        axis.step(
            [each.delay for each in lowest],
            [each.area_ge for each in lowest],
            where="post",
            color="black",
            linewidth=1.4,
            label="lower envelope",
            zorder=1,
        )
        _peers(axis, records)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel(f"delay, {unit}")
        axis.set_ylabel("area of the core, gate equivalents (GE)")
        ticks = _TICKS if unit == "ns" else _TICKS_FO4
        _scale(axis.xaxis, axis.get_xlim(), ticks)
        _scale(axis.yaxis, axis.get_ylim(), _AREAS)
        axis.grid(color="#dddddd", linewidth=0.8)
        axis.set_axisbelow(True)
        figure.legend(loc="outside right center", frameon=False, fontsize=9)
        return rendered(figure)


def _draw(axis: Any, record: CurveRecord) -> None:
    """Mappings of a structure, joined from fast to slow."""
    circuits, _, adder = record.structure.partition("-")
    colour = COLOURS[(3, 1, 2)[[each.value for each in Circuits].index(circuits)]]
    marker = MARKERS[[each.value for each in Adder].index(adder)]
    mine = points_of([record])
    axis.plot(
        [each.delay for each in mine],
        [each.area_ge for each in mine],
        color=colour,
        marker=marker,
        markersize=5,
        linewidth=0.7,
        label=record.structure,
        zorder=2,
    )


def _peers(axis: Any, records: Sequence[CurveRecord]) -> None:
    """Published designs: filled where they compute the same."""
    peers = peers_of(records[0].unit, records[0].library)
    for same, name in ((True, "published, same function"), (False, "published, another function")):
        mine = [peer for peer in peers if (peer.verdict == "same") is same]
        if mine:
            axis.plot(
                [each.delay_ns for each in mine],
                [each.area_ge for each in mine],
                linestyle="none",
                marker="X",
                markersize=8,
                color=MARK if same else "none",
                markeredgecolor="white" if same else MARK,
                label=name,
                zorder=3,
            )
    for peer in below(peers, points_of(records)):
        axis.annotate(
            peer.source,
            (peer.delay_ns, peer.area_ge),
            xytext=(7, -10),
            textcoords="offset points",
            fontsize=8,
        )


def _scale(axis: Any, limits: tuple[float, float], ticks: Sequence[float]) -> None:
    """Round numbers on a logarithmic scale."""
    shown = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
    axis.set_major_locator(_locator(shown))
    axis.set_minor_locator(_locator([]))
    axis.set_major_formatter(lambda value, _: f"{value:g}")


def _locator(ticks: Sequence[float]) -> Any:
    from matplotlib.ticker import FixedLocator

    return FixedLocator(ticks)
