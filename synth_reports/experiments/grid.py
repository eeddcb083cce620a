"""Every format with every accumulator: which units, and the files that show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import BASELINE, Design
from fp8mac.synth_reports.cost.report import ratio
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments.designs import DesignJob, DesignRecord, index, measure
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.render.tables import csv_table, markdown_table
from fp8mac.synth_reports.synth.metrics import TWO_INPUT_GATES

__all__ = ["GRID", "Grid", "GridOptions", "csv_text", "markdown_text", "units"]

_FORMATS = "int8 e2m5 e3m4 e4m3 e5m2 e2m5fnuz e3m4fnuz e4m3fnuz e5m2fnuz".split()
_ACCUMULATORS = "kulisch e6m9 fp16 bf16 fp32".split()

_COUNTS = "two_input_gates inverters flip_flops levels levels_with_inverters weighted_gates".split()
_RATIOS = ("two_input_gates", "weighted_gates")
_IN_CELLS = {
    "area_ge": "area, GE",
    "delay_fo4": "delay, FO4",
    "energy_functional_cinv_v2": "energy, no glitches",
    "energy_unit_delay_cinv_v2": "energy, unit delay",
}
"""Columns of what is mapped to our own library, and their titles."""


@dataclass(frozen=True)
class GridOptions:
    """Which units are in the grid."""

    formats: Annotated[
        tuple[str, ...], Option("Formats; nine by default.", "A,B,...", part=True)
    ] = ()
    accs: Annotated[
        tuple[str, ...], Option("Accumulators; five by default.", "X,Y,...", part=True)
    ] = ()


class Grid(Experiment[GridOptions, DesignJob, DesignRecord]):
    """Core and unit of each, in two-input gates and in our own library."""

    name = "grid"
    help = "Gates, area, delay, energy of every format with every accumulator; known ones stay."
    options = GridOptions
    pattern = "grid.*"

    def plan(self, options: GridOptions) -> list[DesignJob]:
        configs = units(options.formats, options.accs)
        return [
            DesignJob(
                Design(config, shape, library=library), stimuli=Stimuli() if library else None
            )
            for library in (None, OWN)
            for shape, config in product(Shape, configs)
        ]

    def run(self, job: DesignJob, worker: Worker) -> DesignRecord:
        return measure(job, worker)

    def render(self, records: Sequence[DesignRecord], made: Made) -> dict[str, str | bytes]:
        return page("grid", markdown_text(records, made.command), csv_text(records))


def units(formats: Iterable[str] = (), accs: Iterable[str] = ()) -> list[MacConfig]:
    """The baseline, and every format with every accumulator.

    Parameters
    ----------
    formats, accs : iterable of str
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


def csv_text(records: Sequence[DesignRecord]) -> str:
    """One row a design; what was not measured is empty."""
    return csv_table(_rows(records))


def _rows(records: Sequence[DesignRecord]) -> list[dict[str, Any]]:
    found = index(records)
    rows = []
    for gates in (each for each in records if each.library is None):
        base = found[BASELINE.slug, gates.shape, Goal.AREA.value, None]
        cells = found[gates.unit, gates.shape, gates.goal, OWN]
        rows.append(_row(gates, base, cells))
    return rows


def _row(gates: DesignRecord, base: DesignRecord, cells: DesignRecord) -> dict[str, Any]:
    assert cells.area_ge is not None
    assert cells.delay_fo4 is not None
    counts = gates.cells or {}
    return {
        "unit": gates.unit,
        "shape": gates.shape,
        "format_a": gates.format_a,
        "format_b": gates.format_b,
        "accumulator": gates.accumulator,
        "acc_bits": gates.acc_bits,
        **{name: getattr(gates, name) for name in _COUNTS},
        **{
            f"{name}_ratio_to_int8_int32": ratio(getattr(gates, name), getattr(base, name))
            for name in _RATIOS
        },
        "area_ge": round(cells.area_ge, 2),
        "delay_fo4": round(cells.delay_fo4, 2),
        "energy_functional_cinv_v2": cells.energy_functional_cinv_v2,
        "energy_unit_delay_cinv_v2": cells.energy_unit_delay_cinv_v2,
        "energy_overflow_share": cells.energy_overflow_share,
        "library_netlist_sha256": cells.netlist_sha256,
        "library": cells.library,
        "library_sha256": cells.library_sha256,
        **{f"{cell.lower()}_cells": counts.get(cell, 0) for cell in TWO_INPUT_GATES},
        "rtlil_sha256": gates.rtlil_sha256,
        "netlist_sha256": gates.netlist_sha256,
        **gates.tools,
    }


def markdown_text(records: Sequence[DesignRecord], command: str) -> str:
    """Gates of the cores, formats x accumulators, and a table of everything."""
    rows, first = _rows(records), records[0]
    return f"""\
# Gates of multiply-accumulate units

Made by `{command}`: {first.flow_text}, Yosys {first.yosys},
{first.abc_text}, Amaranth {first.amaranth}.

Two-input gates (AND, OR, NAND, NOR, XOR, XNOR; inverters and flip-flops apart) of the
combinational core `y = c + a * b`, and in brackets the ratio to int8 products in an int32
accumulator ({rows[0]["two_input_gates"]} gates).

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
