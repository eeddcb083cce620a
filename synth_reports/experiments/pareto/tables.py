"""Tables of areas and of accuracies, joined unit by unit."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fp8mac.gen.files import read_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.pareto.pareto import (
    QUANTITIES,
    Chart,
    ParetoPoint,
    PlotError,
    Quantity,
)

__all__ = ["ChartJob", "charts", "check_axes", "networks_of", "number", "read_rows"]

Rows = list[dict[str, str]]

_ALIASES = {
    "gates": "weighted_gates",
    "ge": "area_ge",
    "delay": "delay_fo4",
    "energy": "energy_unit_delay_cinv_v2",
    "period": "mhz_median",
}

_TWINS = {"mac_int8_int8_int32": ("mac_int8_int8_kulisch12", "int32")}
"""By unit that need not be run, one that adds the same integers, and the accumulator's name.

A Kulisch register with 12 guard bits holds every sum of 4,096 products, more than a sum of the
networks has; what fits into its 28 bits fits into 32.
"""


@dataclass(frozen=True)
class ChartJob:
    """A network whose tables are joined.

    Parameters
    ----------
    network : str
        What was run.
    grid : Path
        Table of `fp8mac grid`, or of `fp8mac fpga` or `fp8mac route`: of the device and the goal of
        its first row.
    accuracy : Path
        Folder of the tables of `fp8mac accuracy`.
    area : str
        ``gates`` (weighted, with flip-flops), ``ge`` (gate equivalents), ``delay`` (FO4),
        ``energy`` (with glitches), ``period`` (ns of an FPGA's clock), or a column of the grid.
    shape : str
        ``unit`` or ``core``.
    quantities : tuple of str
        Names in `QUANTITIES`.
    """

    network: str
    grid: Path
    accuracy: Path
    area: str = "gates"
    shape: str = "unit"
    quantities: tuple[str, ...] = tuple(QUANTITIES)


def networks_of(accuracy: Path, wanted: Sequence[str] = ()) -> list[str]:
    """Networks that there are results of, or those of them that are wanted.

    Raises
    ------
    PlotError
        If a file or a network is not there.
    """
    known = list(dict.fromkeys(row["network"] for row in _runs(accuracy)))
    for name in wanted:
        if name not in known:
            raise PlotError(
                f"There are no results of the network '{name}' in '{accuracy}'; there are "
                f"{', '.join(known)}."
            )
    return list(wanted) or known


def check_axes(grid: Path, area: str, shape: str, quantities: Sequence[str]) -> None:
    """Make sure that there is something to draw on both axes, see `ChartJob`.

    Raises
    ------
    PlotError
        If the grid, its column, or a measure of accuracy is not there.
    """
    for name in quantities:
        if name not in QUANTITIES:
            raise PlotError(
                f"Accuracy is not measured by '{name}'; there are {', '.join(QUANTITIES)}."
            )
    _areas(grid, area, shape)


def charts(job: ChartJob) -> list[Chart]:
    """Read what there is and join it: a chart for each quantity.

    Raises
    ------
    PlotError
        If a file, column, network or number is not there.
    """
    column, areas = _areas(job.grid, job.area, job.shape)
    rows = [row for row in _runs(job.accuracy) if row["network"] == job.network]
    found = (_chart(rows, areas, column, QUANTITIES[name]) for name in job.quantities)
    return [replace(chart, grid=job.grid.name) for chart in found]


def _areas(path: Path, area: str, shape: str) -> tuple[str, dict[str, float]]:
    """Column, and area by unit; the units in the order of the grid."""
    rows = read_rows(path, "fp8mac grid")
    column = _ALIASES.get(area, area)
    for name in ("unit", column):
        if name not in rows[0]:
            raise PlotError(
                f"'{path}' has no column '{name}'; its columns are {', '.join(rows[0])}."
            )
    if "shape" not in rows[0]:
        rows = _of_fpga(rows)
    found = {
        row["unit"]: value
        for row in rows
        if row["shape"] == shape and (value := number(row, column, path)) is not None
    }
    if not found:
        raise PlotError(f"'{path}' has no '{column}' of any {shape}.")
    if area == "period":
        return "period_ns", {unit: 1000 / mhz for unit, mhz in found.items() if mhz}
    return column, found


def _of_fpga(rows: Rows) -> Rows:
    """Rows of a table of FPGAs that have the device and the goal of the first one."""
    first = {name: rows[0].get(name) for name in ("target", "device", "goal")}
    return [
        row | {"unit": parse_line(row["unit"]).slug, "shape": Shape.UNIT.value}
        for row in rows
        if all(row.get(name) == value for name, value in first.items())
    ]


def _runs(folder: Path) -> Rows:
    """Rows of all networks: formats and accumulators, nothing else varied."""
    columns = {"experiment", "network", "unit", "a_format", "w_format", "accumulator"}
    columns |= {"metric", "samples", *(each.column for each in QUANTITIES.values())}
    rows = []
    for path in sorted(folder.glob("*.csv")):
        table = read_rows(path, "fp8mac accuracy")
        if columns <= set(table[0]):
            rows += [row | {"": str(path)} for row in table if row["experiment"] == "formats"]
    if not rows:
        raise PlotError(
            f"There is no table of formats and accumulators in '{folder}'; make one with "
            "fp8mac accuracy."
        )
    return rows


def read_rows(path: Path, command: str) -> Rows:
    """Rows of a table, of which there is one at least.

    Raises
    ------
    PlotError
        If it is not there, cannot be read, or is empty; it names the command that makes it.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
    except FileNotFoundError:
        raise PlotError(f"There is no '{path}'; make it with {command}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlotError(f"Cannot read '{path}': {reason}.") from error
    if not rows:
        raise PlotError(f"'{path}' is empty; make it anew with {command}.")
    return rows


def number(row: dict[str, Any], column: str, path: Path | str) -> float | None:
    """A cell as a number; None where it is empty, or not finite.

    Raises
    ------
    PlotError
        If it is no number.
    """
    text = row[column]
    try:
        value = float(text) if text else None
    except ValueError:
        raise PlotError(f"'{path}': '{text}' in column '{column}' is not a number.") from None
    return value if value is None or math.isfinite(value) else None


def _chart(rows: Rows, areas: dict[str, float], column: str, quantity: Quantity) -> Chart:
    points, missing = [], {}
    run = {row["unit"] for row in rows}
    twins = {
        unit: twin for unit, (twin, _) in _TWINS.items() if twin in run and unit in set(areas) - run
    }
    stand_ins = [
        row | {"unit": unit, "accumulator": _TWINS[unit][1]}
        for row in rows
        for unit, twin in twins.items()
        if twin == row["unit"]
    ]
    for row in (*rows, *stand_ins):
        unit, cells = row["unit"], {}
        for name in ("column", "low", "high"):
            title = getattr(quantity, name)
            found = number(row, title, row[""]) if title else None
            cells[name] = None if found is None else found * quantity.factor
        value = cells["column"]
        if unit not in areas:
            missing[unit] = f"no {column}"
        elif value is None:
            missing[unit] = f"no {quantity.column}"
        else:
            low, high = (value if cells[end] is None else cells[end] for end in ("low", "high"))
            pair = dict.fromkeys((row["a_format"], row["w_format"]))
            names = (" x ".join(pair), row["accumulator"])
            points.append(ParetoPoint(unit, *names, areas[unit], value, low, high))
    missing |= {unit: "not run" for unit in areas if unit not in run | set(twins)}
    first = rows[0]
    name, metric, samples = first["network"], first["metric"], int(first["samples"])
    return Chart(name, metric, samples, quantity, column, points, missing, twins)
