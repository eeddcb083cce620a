"""What dot products cost as a page, a table and a picture."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.table import Table

from fp8mac.synth_reports.experiments.dots.dots import DotRecord
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import aligned_table, markdown_table

__all__ = ["markdown_text", "picture", "terminal"]

_TITLES = ["gates", "a lane", "FF", "GE", "ns", "pJ, no glitches", "pJ, unit delay", "LUT"]


def _cells(record: DotRecord) -> list[str]:
    return [
        str(record.two_input_gates),
        f"{record.gates_per_lane:.0f}",
        str(record.flip_flops),
        f"{record.area_ge:.0f}",
        _number(record.delay_ns, 2),
        _number(record.energy_functional_pj, 3),
        _number(record.energy_unit_delay_pj, 2),
        "" if record.luts is None else str(record.luts),
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _some(records: Sequence[DotRecord], which: str) -> list[DotRecord]:
    return [record for record in records if record.set == which]


def terminal(records: Sequence[DotRecord]) -> Table:
    """All units, one a line."""
    rows = [[each.name if each.set == "named" else each.unit, *_cells(each)] for each in records]
    return aligned_table(["unit", *_TITLES], rows, ["unit"])


def markdown_text(records: Sequence[DotRecord], command: str) -> str:
    """The page: a section for each set that was measured."""
    first = records[0]
    sections = [
        section(some) for which, section in _SECTIONS.items() if (some := _some(records, which))
    ]
    return f"""\
# What dot products cost

Made by `{command}`: `--goal {first.goal}`, flow `{first.flow}` ({first.flow_sha256[:8]}), Yosys
{first.yosys}, {first.abc or "its own ABC"}, Amaranth {first.amaranth}, {first.library}.

Gates have two inputs, of the combinational core, and by lanes. FF, area with flip-flops (GE is the
smallest two-input NAND), longest path and energy are those of the registered unit, mapped to the
library. Energy is that of one product, dynamic, without wires: normal operands, a sum of 64 steps;
*no glitches* counts a net once a cycle, *unit delay* what it does on the way. LUT: tables of four
inputs of the registered unit on an iCE40, `--goal fpga`, without multiplier blocks.
Netlists are proved equal to the circuits, those of tables too. All figures are in `dots.csv`.

![gates and energy](dots.svg)

{chr(10).join(sections)}"""


def _named(records: Sequence[DotRecord]) -> str:
    rows = [[f"`{each.name}`", str(each.lanes), *_cells(each)] for each in records]
    lines = "\n".join(f"- `{each.name}`: `{each.unit}` ({each.basis})" for each in records)
    return f"""\
## Units of real silicon

Operands of more than 16 bits are too many to be drawn, and have no energy.

{markdown_table(["unit", "lanes", *_TITLES], rows)}

What was measured; of a unit with partial sums, its step. In brackets what the line rests on, see
[docs/silicon.md](../../docs/silicon.md).

{lines}
"""


def _lanes(records: Sequence[DotRecord]) -> str:
    names = dict.fromkeys(record.name for record in records)
    parts = []
    for name in names:
        rows = [[str(each.lanes), *_cells(each)] for each in records if each.name == name]
        parts.append(f"`{name}`:\n\n{markdown_table(['lanes', *_TITLES], rows)}\n")
    return f"""\
## Lanes

{chr(10).join(parts)}"""


def _blocks(records: Sequence[DotRecord]) -> str:
    rows = [[f"`{each.name}`", str(each.lanes), *_cells(each)] for each in records]
    return f"""\
## Blocks that share a scale

Products are added exactly, times both scales, and rounded once with the accumulator. Energy is that
of scales of one.

{markdown_table(["unit", "lanes", *_TITLES], rows)}
"""


_COLUMNS: dict[str, Callable[[DotRecord], str]] = {
    "Gates": lambda each: str(each.two_input_gates),
    "GE of the registered unit": lambda each: f"{each.area_ge:.0f}",
    "Energy of a product, pJ, no glitches": lambda each: _number(each.energy_functional_pj, 3),
}


def _windows(records: Sequence[DotRecord]) -> str:
    lanes = list(dict.fromkeys(record.lanes for record in records))
    cells = {(record.name, record.lanes): record for record in records}
    names = dict.fromkeys(record.name for record in records)
    parts = [
        f"{title}:\n\n"
        + markdown_table(
            ["", *(f"{n} lanes" for n in lanes)],
            [[name, *(show(cells[name, n]) for n in lanes)] for name in names],
        )
        + "\n"
        for title, show in _COLUMNS.items()
    ]
    return f"""\
## Windows

e4m3 products in a window of F bits below the largest exponent, the accumulator with as many bits of
mantissa, but 23 at most, rounded toward zero: 13 is Ada's and Hopper's, 25 Blackwell's. What such a
window does to sums: [window.md](window.md).

{chr(10).join(parts)}"""


def _guard(records: Sequence[DotRecord]) -> str:
    rows = [[each.name.removeprefix("g = "), *_cells(each)[:-1]] for each in records]
    return f"""\
## RVBNA by its guard bits

{records[0].lanes} products of e4m3 a step; the draft takes ceil(log2(lanes)) guard bits.
What they do to sums: [window.md](window.md).

{markdown_table(["guard bits", *_TITLES[:-1]], rows)}
"""


_SECTIONS = {
    "named": _named,
    "lanes": _lanes,
    "blocks": _blocks,
    "window": _windows,
    "guard": _guard,
}


def picture(records: Sequence[DotRecord]) -> dict[str, bytes]:
    """Gates a lane by lanes; gates and energy a lane by F."""
    with drawing(14, 4.8) as figure:
        first = records[0]
        note = f"goal {first.goal}; energy of the registered unit in {first.library}, no glitches"
        entitle(figure, "What dot products cost", note)
        left, middle, right = figure.subplots(1, 3)
        lanes, windows = _some(records, "lanes"), _some(records, "window")
        for number, name in enumerate(dict.fromkeys(each.name for each in lanes)):
            some = [each for each in lanes if each.name == name]
            _curve(left, [(each.lanes, each.gates_per_lane) for each in some], name, number)
        for number, n in enumerate(dict.fromkeys(each.lanes for each in windows)):
            some = [each for each in windows if each.lanes == n]
            bits = [int(each.name.removeprefix("F = ")) for each in some]
            gates = [each.gates_per_lane for each in some]
            energies = [each.energy_functional_pj for each in some]
            _curve(middle, list(zip(bits, gates, strict=True)), f"{n} lanes", number)
            _curve(right, list(zip(bits, energies, strict=True)), f"{n} lanes", number)
        left.set_xscale("log", base=2)
        titles = ("gates a lane, by lanes", "gates a lane, by F", "energy of a product, pJ, by F")
        for axis, title in zip((left, middle, right), titles, strict=True):
            axis.set_title(title)
            axis.set_ylim(bottom=0)
            axis.grid(color="#dddddd", linewidth=0.8)
            if axis.lines:
                axis.legend(frameon=False, fontsize=7)
        for axis in (middle, right):
            for bits_, name in ((13, "Ada, Hopper"), (25, "Blackwell")):
                axis.axvline(bits_, color=MARK, linewidth=0.8)
                place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "rotation": 90}
                axis.annotate(name, (bits_, 0.02), ha="right", va="bottom", fontsize=8, **place)
        return {"svg": rendered(figure)["svg"]}


def _curve(axis: Any, points: Sequence[tuple[Any, Any]], label: str, number: int) -> None:
    style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
    axis.plot(*zip(*points, strict=True), label=label, markersize=4, linewidth=1.2, **style)
