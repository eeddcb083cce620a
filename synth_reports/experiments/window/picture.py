"""What windows do to sums, and what they cost, as a picture."""

from collections.abc import Sequence
from typing import Any

from fp8mac.synth_reports.experiments.window.costs import EXACT, Costs
from fp8mac.synth_reports.experiments.window.text import NAMED
from fp8mac.synth_reports.experiments.window.window import LANES, WindowRecord
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered

__all__ = ["picture"]

_LANES, _TERMS = 32, 1024  # of the curve by length, and of that by lanes
_EXACT = 31  # where exact units stand beside the bits of windows


def picture(records: Sequence[WindowRecord], costs: Costs) -> dict[str, bytes]:
    """By F: SQNR by lanes and by length, a network's answers; area and energy by lanes.

    Parameters
    ----------
    records : sequence of WindowRecord
        What was measured; frames of other parts are left empty.
    costs : Costs
        For the frames below.

    Returns
    -------
    dict of str to bytes
        The picture by its suffix, ``svg``.
    """
    with drawing(13, 8.8) as figure:
        note = (
            f"above: {_TERMS:,} products or {_LANES} lanes, standard normal numbers as e4m3; "
            f"Fashion-MNIST, {_LANES} lanes\nbelow: units with registers, rows of dots.csv: goal "
            f"{costs.goal}, {costs.library}; hollow: exact, {EXACT} and more lanes"
        )
        entitle(figure, "How many bits does FP8 need?", note)
        frames = figure.subplot_mosaic([list("aabbcc"), list("dddeee")])
        left, middle, right, area, energy = (frames[name] for name in "abcde")
        sums = [record for record in records if record.part == "sums"]
        by_lanes = [record for record in sums if record.terms == _TERMS]
        by_terms = [record for record in sums if record.lanes == _LANES]
        _curves(left, by_lanes, "lanes", f"{_TERMS:,} products, by lanes")
        _curves(middle, by_terms, "terms", f"{_LANES} lanes, by products")
        left.set_ylabel("SQNR, dB")
        middle.set_ylabel("SQNR, dB")
        _answers(right, [record for record in records if record.part == "network"])
        _costs(area, costs, "area", "area by lanes")
        area.set_ylabel("GE a lane")
        _costs(energy, costs, "energy", "energy by lanes, without glitches")
        energy.set_ylabel("pJ a product")
        for axis in frames.values():
            axis.set_xlabel("F, bits below the largest exponent")
            axis.grid(color="#dddddd", linewidth=0.8)
            for bits, name in NAMED.items():
                axis.axvline(bits, color=MARK, linewidth=0.8, zorder=0)
                place = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "bottom"}
                axis.annotate(name, (bits + 0.2, 0.02), fontsize=7, color=MARK, **place)
        return {"svg": rendered(figure)["svg"]}


def _style(number: int) -> dict[str, Any]:
    return {
        "linestyle": "--" if number >= len(COLOURS) else "-",
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 4,
        "linewidth": 1.2,
    }


def _curves(axis: Any, records: Sequence[WindowRecord], column: str, title: str) -> None:
    for number, value in enumerate(dict.fromkeys(getattr(each, column) for each in records)):
        whole = [each for each in records if getattr(each, column) == value]
        if some := [each for each in whole if each.sqnr_db]:
            x, y = [each.bits for each in some], [each.sqnr_db for each in some]
            axis.plot(x, y, label=f"{value:,}", **_style(number))
            if exact := [each.bits or 0 for each in whole if not each.sqnr_db]:
                place = {"textcoords": "offset points", "ha": "right", "va": "center"}
                text = f"exact from F = {min(exact)}"
                axis.annotate(text, (x[-1], y[-1]), xytext=(-6, 0), fontsize=7, **place)
    axis.set_title(title)
    if axis.lines:
        axis.legend(frameon=False, fontsize=8)


def _answers(axis: Any, records: Sequence[WindowRecord]) -> None:
    some = [(r.bits, 100 * (r.accuracy or 0)) for r in records if r.bits is not None]
    if some:
        axis.plot(*zip(*some, strict=True), marker="o", color=COLOURS[0])
    exact = [100 * (record.accuracy or 0) for record in records if record.bits is None]
    if exact:
        axis.axhline(exact[0], color=COLOURS[1], linestyle="--", label="exact")
        axis.legend(frameon=False)
    axis.locator_params(axis="x", integer=True)
    axis.locator_params(axis="y", nbins=5)
    axis.set_title("a network's answers")
    axis.set_ylabel("right answers, %")


def _costs(axis: Any, costs: Costs, column: str, title: str) -> None:
    """Curves over F, one for each number of lanes; exact units stand beside them."""
    for lanes in sorted({each.lanes for each in costs.units}):
        some = [
            (each.bits, getattr(each, column))
            for each in costs.units
            if each.lanes == lanes and getattr(each, column) is not None
        ]
        number = LANES.index(lanes)
        style = _style(number)
        if windows := [point for point in some if point[0] is not None]:
            axis.plot(*zip(*windows, strict=True), label=f"{lanes}", **style)
        for exact in (value for bits, value in some if bits is None):
            beside = _EXACT + 0.6 * (number - 2)  # none hides another
            axis.plot([beside], [exact], **style | {"markerfacecolor": "white"})
    bits = sorted({each.bits for each in costs.units if each.bits is not None})
    axis.set_xticks([*bits, _EXACT], [*map(str, bits), "exact"])
    axis.set_ylim(bottom=0)
    axis.set_title(title)
    if axis.lines:
        axis.legend(frameon=False, fontsize=8, title="lanes", ncols=2)
