"""What windows do to sums as a page, a table and a picture."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fp8mac.synth_reports.experiments.window.window import WindowRecord
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["csv_text", "markdown_text", "picture"]

_NAMED = {13: "Ada, Hopper", 25: "Blackwell"}
_LANES, _TERMS = 32, 1024  # of the curve by length, and of that by lanes


def csv_text(records: Sequence[WindowRecord]) -> str:
    """One line a record."""
    return csv_table([asdict(record) for record in records])


def markdown_text(records: Sequence[WindowRecord], command: str) -> str:
    """The page: a section for each part that was measured."""
    sections = [
        section(some) for part, section in _SECTIONS.items() if (some := _of(records, part))
    ]
    return f"""\
# How many bits does FP8 need?

Made by `{command}`.

A unit keeps F bits below the largest exponent of a step; its accumulator has as many bits of
mantissa, but 23 at most. SQNR is the energy of exact sums of the same codes over that of the
errors, in decibels. All numbers are in `window.csv`.

![SQNR by bits of the window](window.svg)

{chr(10).join(sections)}"""


def _of(records: Sequence[WindowRecord], part: str) -> list[WindowRecord]:
    return [record for record in records if record.part == part]


def _db(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f}"


def _sums(records: Sequence[WindowRecord]) -> str:
    lanes = list(dict.fromkeys(record.lanes for record in records))
    parts = []
    for terms in dict.fromkeys(record.terms for record in records):
        cells = {(r.bits, r.lanes): r for r in records if r.terms == terms}
        rows = [
            [
                str(bits) + (f" ({_NAMED[bits]})" if bits in _NAMED else ""),
                *(
                    _db(cells[bits, each].sqnr_db) if (bits, each) in cells else ""
                    for each in lanes
                ),
            ]
            for bits in dict.fromkeys(record.bits for record in records)
            if bits is not None
        ]
        table = markdown_table(["F", *(f"{each} lanes" for each in lanes)], rows)
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
    return markdown_table(["guard bits", *(f"{each} lanes" for each in lanes)], rows)


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


def picture(records: Sequence[WindowRecord]) -> dict[str, bytes]:
    """SQNR against F, by lanes and by length, and a network's accuracy."""
    with drawing(13, 4.6) as figure:
        note = "left, middle: standard normal numbers as e4m3; right: Fashion-MNIST, 32 lanes"
        entitle(figure, "How many bits does FP8 need?", note)
        left, middle, right = figure.subplots(1, 3)
        sums, network = _of(records, "sums"), _of(records, "network")
        by_lanes = [record for record in sums if record.terms == _TERMS]
        by_terms = [record for record in sums if record.lanes == _LANES]
        _curves(left, by_lanes, "lanes", f"{_TERMS:,} products, by lanes")
        _curves(middle, by_terms, "terms", f"{_LANES} lanes, by products")
        left.set_ylabel("SQNR, dB")
        some = [(r.bits, 100 * (r.accuracy or 0)) for r in network if r.bits is not None]
        if some:
            right.plot(*zip(*some, strict=True), marker="o", color=COLOURS[0])
        exact = [100 * (record.accuracy or 0) for record in network if record.bits is None]
        if exact:
            right.axhline(exact[0], color=COLOURS[1], linestyle="--", label="exact")
            right.legend(frameon=False)
        right.set_title("right answers, %")
        for axis in (left, middle, right):
            axis.set_xlabel("F, bits below the largest exponent")
            axis.grid(color="#dddddd", linewidth=0.8)
            for bits, name in _NAMED.items():
                axis.axvline(bits, color=MARK, linewidth=0.8)
                place = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "bottom"}
                axis.annotate(name, (bits, 0.02), ha="right", fontsize=8, color=MARK, **place)
        return {"svg": rendered(figure)["svg"]}


def _curves(axis: Any, records: Sequence[WindowRecord], column: str, title: str) -> None:
    for number, value in enumerate(dict.fromkeys(getattr(each, column) for each in records)):
        some = [each for each in records if getattr(each, column) == value and each.sqnr_db]
        if some:
            x, y = [each.bits for each in some], [each.sqnr_db for each in some]
            style = {
                "color": COLOURS[number % len(COLOURS)],
                "marker": MARKERS[number % len(MARKERS)],
            }
            axis.plot(x, y, label=f"{value:,}", markersize=4, linewidth=1.2, **style)
    axis.set_title(title)
    if axis.lines:
        axis.legend(frameon=False, fontsize=8)
