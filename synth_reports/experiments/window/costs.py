"""What the bits of a window cost, out of the table that `fp8mac dots` writes."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fp8mac.synth_reports.experiments.pareto.pareto import PlotError
from fp8mac.synth_reports.experiments.pareto.tables import number, read_rows
from fp8mac.synth_reports.experiments.window.window import BITS, LANES, line

__all__ = ["EXACT", "PUBLISHED", "SUMS", "Costs", "UnitCost", "read_costs"]

EXACT, SUMS = "e4m3 -> kulisch:7", 128
"""The unit that adds exactly, with one lane, and how many products its sums may have at least."""

PUBLISHED = Path(str(files("fp8mac.synth_reports"))) / "results" / "dots.csv"
"""The table that comes with the package."""

_COLUMNS = ("unit", "goal", "library", "area_ge", "energy_functional_pj")


@dataclass(frozen=True)
class UnitCost:
    """What a unit costs, registers included.

    Parameters
    ----------
    bits : int or None
        F; None for exact sums.
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
    """

    goal: str
    library: str
    units: tuple[UnitCost, ...]


def read_costs(path: Path) -> Costs:
    """Windows and exact sums of e4m3 in a table of `fp8mac dots`.

    Raises
    ------
    PlotError
        If it is not there, cannot be read, or has none of these units.
    """
    rows = read_rows(path, "fp8mac dots")
    for column in _COLUMNS:
        if column not in rows[0]:
            raise PlotError(f"'{path}' has no column '{column}'; make it anew with fp8mac dots.")
    by_unit, found = {row["unit"]: row for row in rows}, []
    for bits in (*BITS, None):
        for lanes in LANES:
            row = by_unit.get(_exact(lanes) if bits is None else line(bits, lanes))
            area = None if row is None else number(row, "area_ge", path)
            if row is not None and area is not None:
                energy = number(row, "energy_functional_pj", path)
                found.append(UnitCost(bits, lanes, area / lanes, energy))
    if not found:
        raise PlotError(f"'{path}' has no windows of e4m3; make it anew with fp8mac dots.")
    return Costs(rows[0]["goal"], rows[0]["library"], tuple(found))


def _exact(lanes: int) -> str:
    return EXACT if lanes == 1 else EXACT.replace(" ", f" x {lanes} ", 1)
