"""Tables for people: formats; text, CSV and Markdown of tables."""

import csv
import io
import shutil
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from fp8mac.gen.files import print_text
from fp8mac.hw.config.accumulators import KulischConfig
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "aligned_table",
    "csv_table",
    "format_facts",
    "formats_table",
    "markdown_table",
    "show",
]


def show(what: RenderableType, stream: TextIO | None = None) -> None:
    """Print a table: as wide as it is into a pipe, folded to the width of a terminal.

    It is plain text, without colours and without blanks at the ends of lines.

    Parameters
    ----------
    what : RenderableType
        The table.
    stream : file, optional
        Default standard output.

    Raises
    ------
    WriteError
        If standard output cannot be written.
    """
    console = Console(file=io.StringIO(), width=1000, highlight=False, force_terminal=False)
    console.width = console.measure(what).maximum
    room = shutil.get_terminal_size().columns
    if (stream or sys.stdout).isatty() and room < console.width:
        console.width = room
        if isinstance(what, Table):
            _narrow(what, room)
    with console.capture() as captured:
        console.print(what)
    text = "".join(line.rstrip() + "\n" for line in captured.get().splitlines())
    if stream is None:
        print_text(text)
    else:
        stream.write(text)


def _narrow(table: Table, room: int) -> None:
    """Fold a table between words, or within them where there is no room for the longest ones."""
    table.padding = (0, 0)  # pyright: ignore[reportAttributeAccessIssue] (its setter has no type)
    texts = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    words = [
        max((len(word) for text in each for word in text.split()), default=1) for each in texts
    ]
    spare = room - sum(words) - len(words) - 1
    for column, text, longest in zip(table.columns, texts, words, strict=True):
        column.overflow = "fold"
        if spare >= 0:
            column.width = min(max(map(len, text)), longest + spare)
            spare -= max(0, column.width - longest)


def aligned_table(
    titles: Iterable[str], rows: Iterable[Iterable[str]], names: Iterable[str]
) -> Table:
    """Rows for a terminal: what stands under ``names`` to the left, numbers to the right."""
    names = set(names)
    table = Table(box=box.SIMPLE_HEAD)
    for title in titles:
        table.add_column(title, justify="left" if title in names else "right")
    for row in rows:
        table.add_row(*row)
    return table


def format_facts(format_: Format) -> dict[str, Any]:
    """What a format is, as JSON types; null where a property does not exist for integers.

    Returns
    -------
    dict
        ``name``, ``bits``, ``exponent_bits``, ``mantissa_bits``, ``bias``, ``max``, ``min_normal``,
        ``min_subnormal``, ``specials``, ``precision_bits``, ``product_bits`` (exact product of two
        such operands, two's complement), ``kulisch_bits`` (of its accumulator, 12 guard bits).
    """
    unit = MacConfig(format_, format_, KulischConfig())
    is_float = isinstance(format_, FloatFormat)
    return {
        "name": format_.name,
        "bits": format_.bits,
        "exponent_bits": format_.exponent_bits if is_float else None,
        "mantissa_bits": format_.mantissa_bits if is_float else None,
        "bias": format_.bias if is_float else None,
        "max": float(format_.max),
        "min_normal": float(format_.min_normal) if is_float else None,
        "min_subnormal": float(format_.min_subnormal) if is_float else None,
        "specials": format_.specials.value if is_float else None,
        "precision_bits": format_.precision if is_float else None,
        "product_bits": unit.product_bits,
        "kulisch_bits": unit.acc_bits,
    }


def formats_table(formats: Iterable[Format]) -> Table:
    """Formats, one a row; the smallest numbers as powers of two."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("format")
    for title in ("bits", "exp / mant", "bias", "max", "min normal", "min subn."):
        table.add_column(title, justify="right")
    table.add_column("specials")
    for title in ("prec.", "product bits", "Kulisch bits"):
        table.add_column(title, justify="right")
    for format_ in formats:
        facts = format_facts(format_)
        maximum = f"{facts['max']:.6g}" if facts["max"] < 1e6 else f"{facts['max']:.3g}"
        if isinstance(format_, FloatFormat):
            cells = [f"{format_.exponent_bits}/{format_.mantissa_bits}", str(format_.bias), maximum]
            cells += [f"2^{format_.emin}", f"2^{format_.lsb_exponent}", format_.specials.value]
            cells += [str(format_.precision)]
        else:
            cells = ["-", "-", maximum, "-", "-", "-", "-"]
        bits = [str(facts["product_bits"]), str(facts["kulisch_bits"])]
        table.add_row(format_.name, str(format_.bits), *cells, *bits)
    return table


def csv_table(rows: list[dict[str, Any]]) -> str:
    """Rows of equal keys as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown_table(titles: list[str], rows: list[list[str]]) -> str:
    """Table in Markdown, to the right but for the first column."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    ruler = ["-" * (width + 1) + ":" for width in widths]
    ruler[0] = "-" * (widths[0] + 2)
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
        for row in [titles, *rows]
    ]
    return "\n".join([lines[0], f"|{'|'.join(ruler)}|", *lines[1:]])
