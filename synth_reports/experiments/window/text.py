"""What windows do to sums, and what they cost, as a page and a table."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from fp8mac.synth_reports.experiments.window.costs import EXACT, SUMS, Costs, UnitCost
from fp8mac.synth_reports.experiments.window.window import WindowRecord
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["NAMED", "csv_text", "markdown_text"]

NAMED = {13: "Ada, Hopper", 25: "Blackwell"}
"""Whose window has so many bits."""


def csv_text(records: Sequence[WindowRecord]) -> str:
    """One line a record."""
    return csv_table([asdict(record) for record in records])


def markdown_text(records: Sequence[WindowRecord], costs: Costs, command: str) -> str:
    """The page: a section for each part that was measured, and what windows cost."""
    sections = [
        section(some) for part, section in _SECTIONS.items() if (some := _of(records, part))
    ]
    return f"""\
# How many bits does FP8 need?

Made by `{command}`.

A unit keeps F bits below the largest exponent of a step; its accumulator has as many bits of
mantissa, but 23 at most. SQNR is the energy of exact sums of the same codes over that of the
errors, in decibels. What was measured is in `window.csv`; costs are those of `dots.csv`.

![SQNR, right answers, area and energy by bits of the window](window.svg)

{chr(10).join([*sections, _costs(costs), *_guard_costs(costs)])}"""


def _of(records: Sequence[WindowRecord], part: str) -> list[WindowRecord]:
    return [record for record in records if record.part == part]


def _db(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f}"


def _bits(bits: int | None) -> str:
    """F, and whose it is."""
    if bits is None:
        return "exact"
    return f"{bits} ({NAMED[bits]})" if bits in NAMED else str(bits)


def _lanes(lanes: int | None) -> str:
    return "1 lane" if lanes == 1 else f"{lanes} lanes"


def _sums(records: Sequence[WindowRecord]) -> str:
    lanes = list(dict.fromkeys(record.lanes for record in records))
    parts = []
    for terms in dict.fromkeys(record.terms for record in records):
        cells = {(r.bits, r.lanes): r for r in records if r.terms == terms}
        rows = [
            [
                _bits(bits),
                *(
                    _db(cells[bits, each].sqnr_db) if (bits, each) in cells else ""
                    for each in lanes
                ),
            ]
            for bits in dict.fromkeys(record.bits for record in records)
            if bits is not None
        ]
        table = markdown_table(["F", *map(_lanes, lanes)], rows)
        parts.append(f"{terms:,} products:\n\n{table}\n")
    return f"""\
## Sums of random numbers

Standard normal numbers as e4m3, {records[0].sums:,} sums a cell.

{chr(10).join(parts)}"""


def _guard(records: Sequence[WindowRecord]) -> str:
    return f"""\
## RVBNA by its guard bits

The RISC-V draft takes ceil(log2(lanes)) guard bits. The same numbers, sums of {records[0].terms:,}
products:

{_by_guard(records)}
"""


def _cancel(records: Sequence[WindowRecord]) -> str:
    return f"""\
Steps of e5m2 products that cancel in pairs, all but two, which are smaller by 2**26; one step each,
{records[0].sums} sums a cell:

{_by_guard(records)}
"""


def _by_guard(records: Sequence[WindowRecord]) -> str:
    lanes = list(dict.fromkeys(record.lanes for record in records))
    cells = {(record.guard_bits, record.lanes): record for record in records}
    rows = [
        [str(guard), *(_db(cells[guard, each].sqnr_db) for each in lanes)]
        for guard in dict.fromkeys(record.guard_bits for record in records)
    ]
    return markdown_table(["guard bits", *map(_lanes, lanes)], rows)


def _network(records: Sequence[WindowRecord]) -> str:
    rows = [
        [
            "exact" if record.bits is None else str(record.bits),
            f"{100 * (record.accuracy or 0):.1f} %",
            _db(record.float_sqnr_db),
        ]
        for record in records
    ]
    first = records[0]
    return f"""\
## A network

Fashion-MNIST's network, {first.sums} questions, sums of up to {first.terms} products, e4m3,
32 lanes; in float32 {100 * (first.reference or 0):.1f} %. SQNR is that of the outputs against
float32, operands rounded to FP8 included.

{markdown_table(["F", "right", "SQNR, dB"], rows)}
"""


def _layer(records: Sequence[WindowRecord]) -> str:
    rows = [
        [
            f"`{record.unit}`",
            _db(record.sqnr_db),
            "0" if not record.largest_error else f"{record.largest_error:.2g}",
            _db(record.float_sqnr_db),
        ]
        for record in records
    ]
    titles = ["unit", "SQNR, dB", "largest error", "SQNR against float32, dB"]
    return f"""\
## A layer of MiniLM

The last layer with {records[0].terms:,} inputs, activations of 60 pairs of texts,
{records[0].sums:,} sums. The largest error is in units of the sums' root mean square.

{markdown_table(titles, rows)}
"""


_SECTIONS = {
    "sums": _sums,
    "guard": _guard,
    "cancel": _cancel,
    "network": _network,
    "layer": _layer,
}


def _costs(costs: Costs) -> str:
    area, energy = _by_lanes(costs.units, "F", _bits)
    return f"""\
## What the bits cost

Units with registers, rows of `dots.csv`, which `fp8mac dots` writes: `--goal {costs.goal}`,
{costs.library}. *Exact* is `{EXACT}`, and the same with more lanes:
sums stay in fixed point, in a register that holds all sums of {SUMS} products, and of twice as
many with each bit more.

Area a lane in GE, the smallest two-input NAND:

{area}

Energy of a product in pJ, without glitches and wires:

{energy}
"""


def _guard_costs(costs: Costs) -> list[str]:
    """What RVBNA's guard bits cost, where the table has it."""
    if not costs.guards:
        return []
    area, energy = _by_lanes(costs.guards, "guard bits", str)
    return [
        f"""\
RVBNA by its guard bits, products of e4m3; its errors are above. Area a lane in GE:

{area}

Energy of a product in pJ:

{energy}
"""
    ]


def _by_lanes(
    units: Sequence[UnitCost], title: str, name: Callable[[int | None], str]
) -> list[str]:
    """Tables of areas and of energies."""
    lanes = sorted({each.lanes for each in units})
    cells = {(each.bits, each.lanes): each for each in units}
    tables = []
    for column, digits in (("area", 0), ("energy", 2)):
        rows = []
        for bits in dict.fromkeys(each.bits for each in units):
            found = [getattr(cells.get((bits, each)), column, None) for each in lanes]
            shown = ["" if value is None else f"{value:.{digits}f}" for value in found]
            rows.append([name(bits), *shown])
        tables.append(markdown_table([title, *map(_lanes, lanes)], rows))
    return tables
