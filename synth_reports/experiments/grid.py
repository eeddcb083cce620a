"""Every format with every accumulator: which units, and the files that show them."""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import BASELINE, Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import (
    WIDEST_BITS,
    Stimuli,
    energy_report,
    facts_of,
    library_report,
)
from fp8mac.synth_reports.cost.report import shape_report, tool_columns, tools_report
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.render.tables import csv_table, markdown_table
from fp8mac.synth_reports.store.parallel import in_parallel

__all__ = ["GRID", "Figures", "csv_text", "designs", "figures", "markdown_text", "units"]

_FORMATS = "int8 e2m5 e3m4 e4m3 e5m2 e2m5fnuz e3m4fnuz e4m3fnuz e5m2fnuz".split()
_ACCUMULATORS = "kulisch e6m9 fp16 bf16 fp32".split()

_CELLS = ("AND2", "OR2", "NAND2", "NOR2", "XOR2", "XNOR2")

_IN_CELLS = {
    "area_ge": "area, GE",
    "delay_fo4": "delay, FO4",
    "energy_functional_cinv_v2": "energy, no glitches",
    "energy_unit_delay_cinv_v2": "energy, unit delay",
}
"""Columns of what is mapped to our own library, and their titles."""

Figures = dict[str, Any]
"""By column, what a design is in our own library.

There is no energy of a core, which has no clock, nor of a unit whose operands are too wide to be
drawn.
"""


def units(
    formats: Iterable[str] | None = None, accs: Iterable[str] | None = None
) -> list[MacConfig]:
    """The baseline, and every format with every accumulator.

    Parameters
    ----------
    formats, accs : iterable of str, optional
        Default int8 and the FP8 formats of OCP and of arXiv:2303.17951; kulisch, the 16-bit floats
        and fp32.

    Raises
    ------
    FormatError, ConfigError
        If there is no such format, accumulator or unit.
    """
    pairs = product(formats or _FORMATS, accs or _ACCUMULATORS)
    return list(
        dict.fromkeys([BASELINE, *(parse_unit(format_, acc=acc) for format_, acc in pairs)])
    )


GRID: list[MacConfig] = units()
"""The units of the published tables."""


def designs(configs: Iterable[MacConfig], library: str | None = None) -> list[Design]:
    """Core and unit of each configuration, in the order of the tables.

    Parameters
    ----------
    configs : iterable of MacConfig
        The units.
    library : str, optional
        Name of what they are mapped to; two-input gates by default.
    """
    return [Design(config, shape, library=library) for shape, config in product(Shape, configs)]


def figures(
    found: dict[Design, Measurement],
    library: Library,
    bench: Bench,
    progress: Callable[[], None] = lambda: None,
) -> dict[Design, Figures]:
    """Area, delay and energy of designs that are mapped to our own library.

    Parameters
    ----------
    found : dict of Design to Measurement
        Designs of the library.
    library : Library
        Our own.
    bench : Bench
        What measured them; energies are kept in its store.
    progress : callable
        Called after each design.

    Returns
    -------
    dict of Design to Figures
        By the same design in two-input gates.
    """
    facts = facts_of(library, bench.store)

    def of(design: Design) -> Figures:
        report = library_report(found[design], facts)
        cells: Figures = {name: report.get(name) for name in _IN_CELLS}
        drawn = max(design.config.a.bits, design.config.b.bits) <= WIDEST_BITS
        cells["energy_overflow_share"] = None
        if drawn and design.shape is Shape.UNIT:
            energy = energy_report(found[design], library, Stimuli(), bench.store)
            assert energy is not None
            for kind in ("functional", "unit_delay"):
                cells[f"energy_{kind}_cinv_v2"] = energy[kind]["dynamic_cinv_v2"]
            cells["energy_overflow_share"] = energy["overflow_share"]
        hashes = {"library": library.name, "library_sha256": library.sha256}
        return cells | {"library_netlist_sha256": report["netlist_sha256"]} | hashes

    made = in_parallel(of, list(found), lambda design, _: progress())
    return {Design(design.config, design.shape): cells for design, cells in made.items()}


def csv_text(
    found: dict[Design, Measurement], in_cells: dict[Design, Figures], bench: Bench
) -> str:
    """One row a design; what was not measured is empty."""
    tools = tools_report(bench, next(iter(found.values())))
    rows = [_row(design, found, in_cells) | tool_columns(tools) for design in found]
    return csv_table(rows)


def _row(
    design: Design, found: dict[Design, Measurement], in_cells: dict[Design, Figures]
) -> dict[str, Any]:
    report = shape_report(found[design], found[Design(BASELINE, design.shape)])
    config = design.config
    return {
        "unit": config.slug,
        "shape": design.shape.value,
        "format_a": config.a.name,
        "format_b": config.b.name,
        "accumulator": config.accumulator.name,
        "acc_bits": config.acc_bits,
        **report["metrics"],
        "two_input_gates_ratio_to_int8_int32": report["ratio_to_baseline"]["two_input_gates"],
        "weighted_gates_ratio_to_int8_int32": report["ratio_to_baseline"]["weighted_gates"],
        **in_cells[design],
        **{f"{cell.lower()}_cells": report["cells"].get(cell, 0) for cell in _CELLS},
        "rtlil_sha256": report["rtlil_sha256"],
        "netlist_sha256": report["netlist_sha256"],
    }


def markdown_text(
    found: dict[Design, Measurement],
    in_cells: dict[Design, Figures],
    bench: Bench,
    command: str,
) -> str:
    """Gates of the cores, formats x accumulators, and a table of everything."""
    rows = [_row(design, found, in_cells) for design in found]
    tools = tool_columns(tools_report(bench, next(iter(found.values()))))
    base = found[Design(BASELINE, Shape.CORE)].metrics.two_input_gates
    return f"""\
# Gates of multiply-accumulate units

Made by `{command}`: flow `{tools["flow"]}` ({tools["flow_sha256"][:8]}), Yosys {tools["yosys"]},
{tools["abc"] or "its own ABC"}, Amaranth {tools["amaranth"]}.

Two-input gates (AND, OR, NAND, NOR, XOR, XNOR; inverters and flip-flops apart) of the
combinational core `y = c + a * b`, and in brackets the ratio to int8 products in an int32
accumulator ({base} gates).

{_matrix([row for row in rows if row["shape"] == "core"])}

*Levels* are two-input gates on the longest path; *weighted gates* count XOR and XNOR as 3 and a
flip-flop as 6. The *unit* is the core with its register, enable, clear and reset, and its ratio
is to the int8 unit.

*Area*, *delay* and *energy* are those in our own cell library `{rows[0]["library"]}`
({rows[0]["library_sha256"][:8]}), which belongs to no technology: areas in NAND gates (GE), delays
in those of an inverter that drives four (FO4), energy of a cycle in C_inv V². See `docs/cost.md`.
Operands of a small float accumulator have headroom, so that its sums do not overflow.

{_everything(rows)}
"""


def _matrix(cores: list[dict[str, Any]]) -> str:
    cells = {(row["format_a"], row["accumulator"]): _with_ratio(row) for row in cores[1:]}
    formats = dict.fromkeys(format_ for format_, _ in cells)
    accumulators = list(dict.fromkeys(acc for _, acc in cells))
    return markdown_table(
        ["", *accumulators],
        [
            [format_, *(cells.get((format_, acc), "") for acc in accumulators)]
            for format_ in formats
        ],
    )


def _everything(rows: list[dict[str, Any]]) -> str:
    columns = ("inverters", "flip_flops", "levels", "levels_with_inverters", "weighted_gates")
    return markdown_table(
        [
            *("unit", "shape", "gates", *(column.replace("_", " ") for column in columns)),
            *(*_IN_CELLS.values(), "netlist"),
        ],
        [
            [
                row["unit"],
                row["shape"],
                _with_ratio(row),
                *(str(row[column]) for column in columns),
                *(_rounded(row[column]) for column in _IN_CELLS),
                row["netlist_sha256"][:8],
            ]
            for row in rows
        ],
    )


def _rounded(value: float | None) -> str:
    """Four digits at least; nothing for what was not measured."""
    return "" if value is None else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _with_ratio(row: dict[str, Any]) -> str:
    return f"{row['two_input_gates']} ({row['two_input_gates_ratio_to_int8_int32']:.2f})"
