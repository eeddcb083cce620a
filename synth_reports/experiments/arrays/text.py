"""What matrix units cost as a page and a table."""

from collections.abc import Sequence

from rich.table import Table

from fp8mac.synth_reports.experiments.arrays.arrays import GONE, ArrayRecord
from fp8mac.synth_reports.render.tables import aligned_table, markdown_table

__all__ = ["markdown_text", "terminal"]

_TITLES = ["array", "gates", "FF", "GE", "a product", "with zeros", "to cores", "to units"]


def name_of(record: ArrayRecord) -> str:
    """The array in a line, without its size."""
    return ", ".join(filter(None, (record.unit, record.sparsity, record.output)))


def _rows(records: Sequence[ArrayRecord]) -> list[list[str]]:
    return [
        [
            f"{name_of(each)}, {each.rows} x {each.columns}",
            str(each.two_input_gates),
            str(each.flip_flops),
            f"{each.area_ge:.0f}",
            f"{each.area_ge_per_product:.0f}",
            f"{each.area_ge_per_dense_product:.0f}",
            f"{each.area_to_cores:.2f}",
            f"{each.area_to_units:.2f}",
        ]
        for each in records
    ]


def terminal(records: Sequence[ArrayRecord]) -> Table:
    """All arrays, one a line."""
    return aligned_table(_TITLES, _rows(records), ["array"])


def markdown_text(records: Sequence[ArrayRecord], command: str) -> str:
    """The page."""
    first = records[0]
    return f"""\
# What matrix units cost

Made by `{command}`: flow `{first.flow}` ({first.flow_sha256[:8]}), Yosys {first.yosys},
{first.abc or "its own ABC"}, Amaranth {first.amaranth}, library `{first.library}`.

Everything of an array is counted: cells, registers that bring operands from row to row, valid and
ready, the way of the sums out of the columns. It is mapped in two pieces, a row, as often as there
are rows, and what is around the rows; what a block-sparse array has beside that is a third one,
without the memory. *FF* are flip-flops; *GE* is the area in our own library in NAND gates, with
flip-flops, *a product* by the products of a cycle, *with zeros* by as many as there are with those
that sparsity leaves out: of blocks, where one of {GONE} is there. *To cores* is the ratio to as
many cores, each with the flip-flops of its sum and nothing else, *to units* that to as many
registered units, which have an enable, a clear and a reset each.

{markdown_table(_TITLES, _rows(records))}
"""
