"""What the bits of a window cost, out of the table that `fp8mac dots` writes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.pareto.pareto import PlotError
from fp8mac.synth_reports.experiments.pareto.tables import number, read_rows
from fp8mac.synth_reports.experiments.window.window import BITS, LANES, line

__all__ = [
    "EXACT",
    "GUARD_BITS",
    "PUBLISHED",
    "SUMS",
    "Costs",
    "UnitCost",
    "guarded",
    "read_costs",
]

EXACT, SUMS = "e4m3 -> kulisch:7", 128
"""The unit that adds exactly, with one lane, and how many products its sums may have at least."""

GUARD_BITS = range(7)
"""Of RVBNA."""

PUBLISHED = Path(str(files("fp8mac.synth_reports"))) / "results" / "dots.csv"
"""The table that comes with the package."""

_COLUMNS = ("unit", "goal", "library", "area_ge", "energy_functional_pj")


@dataclass(frozen=True)
class UnitCost:
    """What a unit costs, registers included.

    Parameters
    ----------
    bits : int or None
        F, or guard bits; None for exact sums.
    lanes : int
        Products of a step.
    area : float
        Gate equivalents (GE) a lane.
    energy : float or None
        Of a product, in pJ, without glitches and wires; None where the library has no unit of it.
    """

    bits: int | None
    lanes: int
    area: float
    energy: float | None


@dataclass(frozen=True)
class Costs:
    """All of a table.

    Parameters
    ----------
    goal, library : str
        What the units were built for, and mapped to.
    units : tuple of UnitCost
        By F, the exact ones last, and by lanes.
    guards : tuple of UnitCost
        RVBNA by guard bits and lanes.
    """

    goal: str
    library: str
    units: tuple[UnitCost, ...]
    guards: tuple[UnitCost, ...] = ()


def read_costs(path: Path) -> Costs:
    """Windows, exact sums and RVBNA of e4m3 in a table of `fp8mac dots`.

    Raises
    ------
    PlotError
        If it is not there, cannot be read, or has none of these units.
    """
    rows = read_rows(path, "fp8mac dots")
    for column in _COLUMNS:
        if column not in rows[0]:
            raise PlotError(f"'{path}' has no column '{column}'; make it anew with fp8mac dots.")
    by_unit = {row["unit"]: row for row in rows}

    def found(bits: int | None, unit: Callable[[int], str]) -> list[UnitCost]:
        some = [(lanes, by_unit[unit(lanes)]) for lanes in LANES if unit(lanes) in by_unit]
        return [
            UnitCost(bits, lanes, area / lanes, number(row, "energy_functional_pj", path))
            for lanes, row in some
            if (area := number(row, "area_ge", path)) is not None
        ]

    units = [each for bits in BITS for each in found(bits, partial(line, bits))]
    units += found(None, _exact)
    if not units:
        raise PlotError(f"'{path}' has no windows of e4m3; make it anew with fp8mac dots.")
    guards = [each for bits in GUARD_BITS for each in found(bits, partial(guarded, bits))]
    return Costs(rows[0]["goal"], rows[0]["library"], tuple(units), tuple(guards))


def guarded(bits: int, lanes: int) -> str:
    """Unit of RVBNA with so many guard bits, products of e4m3."""
    return parse_line(f"rvbna-fp8-e4m3 x {lanes} guard {bits}").text


def _exact(lanes: int) -> str:
    return EXACT if lanes == 1 else EXACT.replace(" ", f" x {lanes} ", 1)
