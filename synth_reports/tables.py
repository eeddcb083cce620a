"""Tables for people: formats, and what a unit costs."""

import csv
import io
import sys
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from fp8mac.hw.config import KulischConfig, MacConfig
from fp8mac.hw.formats import FloatFormat, Format

__all__ = [
    "csv_table",
    "footnote",
    "format_facts",
    "formats_table",
    "markdown_table",
    "published",
    "show",
    "unit_table",
]

_METRICS = {
    "two_input_gates": "two-input gates",
    "inverters": "inverters",
    "flip_flops": "flip-flops",
    "levels": "levels",
    "levels_with_inverters": "levels with inverters",
    "weighted_gates": "weighted gates",
}
_CELLS = ("AND2", "OR2", "NAND2", "NOR2", "XOR2", "XNOR2")


def show(what: RenderableType, stream: TextIO | None = None) -> None:
    """Print a table at its full width, however narrow the terminal or the pipe is."""
    console = Console(file=stream or sys.stdout, width=1000, highlight=False)
    console.width = console.measure(what).maximum
    console.print(what)


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
    for title in ("bits", "exp/mant", "bias", "max", "min normal", "min subnormal"):
        table.add_column(title, justify="right")
    table.add_column("specials")
    for title in ("precision", "product bits", "Kulisch bits"):
        table.add_column(title, justify="right")
    for format_ in formats:
        facts = format_facts(format_)
        maximum = f"{facts['max']:.6g}"
        if isinstance(format_, FloatFormat):
            cells = [f"{format_.exponent_bits}/{format_.mantissa_bits}", str(format_.bias), maximum]
            cells += [f"2^{format_.emin}", f"2^{format_.lsb_exponent}", format_.specials.value]
            cells += [str(format_.precision)]
        else:
            cells = ["-", "-", maximum, "-", "-", "-", "-"]
        bits = [str(facts["product_bits"]), str(facts["kulisch_bits"])]
        table.add_row(format_.name, str(format_.bits), *cells, *bits)
    return table


def unit_table(report: dict[str, Any]) -> Table:
    """A unit's counts, one a row; for each shape the count and its ratio to the baseline."""
    shapes: dict[str, dict[str, Any]] = report["shapes"]
    table = Table(title=report["design"]["slug"], title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for shape in shapes:
        table.add_column(shape, justify="right")
        table.add_column("/ int8", justify="right")
    for name, title in _METRICS.items():
        cells = []
        for each in shapes.values():
            ratio = each["ratio_to_baseline"].get(name)
            cells += [str(each["metrics"][name]), "" if ratio is None else f"{ratio:.2f}"]
        table.add_row(title, *cells, end_section=name == "weighted_gates")
    for cell in _CELLS:
        cells = [text for each in shapes.values() for text in (str(each["cells"].get(cell, 0)), "")]
        table.add_row(cell, *cells)
    return table


def footnote(report: dict[str, Any]) -> str:
    """Where the numbers of a report come from."""
    tools, flow = report["tools"], report["flow"]
    hashes = [f"{shape} {each['netlist_sha256'][:8]}" for shape, each in report["shapes"].items()]
    return (
        f"int8: {report['baseline']['slug']}, same flow and shape\n"
        f"flow {flow['name']} {flow['sha256'][:8]}, "
        f"Yosys {tools['yosys']['version']} ({tools['yosys']['build']}), "
        f"{tools['abc']['version'] or 'its own ABC'}\n"
        f"netlists: {', '.join(hashes)}"
    )


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


def published(name: str) -> list[dict[str, str]]:
    """Rows of a table of published numbers, each with its source."""
    path = files("fp8mac.synth_reports") / "published" / f"{name}.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
