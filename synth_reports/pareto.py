"""Area against accuracy: units that were both synthesised and run with a network on them.

A unit is on the Pareto front if no other is at least as good and at most as large, and better in
one of the two::

    accuracy          o-----o---------    front
        |       o-----|  x       x        x  another unit is no larger and no worse
        |       |   x
        +------------------------ area
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["QUANTITIES", "Chart", "PlotError", "Point", "Quantity", "charts", "front"]

Rows = list[dict[str, str]]

_ALIASES = {"gates": "weighted_gates", "ge": "area_ge"}


class PlotError(ValueError):
    """A picture that cannot be drawn; the message is one sentence for the user."""


@dataclass(frozen=True)
class Quantity:
    """What accuracy is measured by.

    Parameters
    ----------
    name, title : str
        In commands, and on the scale.
    column, low, high : str
        Columns of a table of accuracy: the value, and the ends of its interval where it has one.
    factor : float
        From the column to the scale.
    window : float
        How far below the best one a unit is drawn at its place; farther ones stand at the edge.
    """

    name: str
    title: str
    column: str
    low: str = ""
    high: str = ""
    factor: float = 1.0
    window: float = math.inf


QUANTITIES = {
    each.name: each
    for each in (
        Quantity(
            "accuracy",
            "difference to float32, points, 95 % interval",
            *("difference", "difference_low", "difference_high"),
            factor=100,
            window=4,
        ),
        Quantity("sqnr", "SQNR of the outputs, dB", "sqnr_db"),
    )
}
"""By name: the network's metric against float32, and the signal-to-noise ratio of its outputs."""


@dataclass(frozen=True)
class Point:
    """A unit in a picture.

    Parameters
    ----------
    unit, format, accumulator : str
        Its slug, the format of activations (and weights if another), and the accumulator.
    area : float
        In the unit of the horizontal scale.
    value, low, high : float
        In the unit of the vertical scale, and its interval; without one, all are equal.
    """

    unit: str
    format: str
    accumulator: str
    area: float
    value: float
    low: float
    high: float

    @property
    def label(self) -> str:
        """What stands beside it."""
        return f"{self.format} {self.accumulator}"


@dataclass(frozen=True)
class Chart:
    """A network and one measure of accuracy.

    Parameters
    ----------
    network, metric : str
        What was run, and what its accuracy is.
    samples : int
        How many questions it was asked.
    quantity : Quantity
        What is on the vertical scale.
    area : str
        Column that is on the horizontal scale.
    points : list of Point
        Units with both numbers.
    missing : dict of str to str
        By unit, why it is not drawn.
    """

    network: str
    metric: str
    samples: int
    quantity: Quantity
    area: str
    points: list[Point]
    missing: dict[str, str]

    @property
    def front(self) -> list[Point]:
        """Points of the Pareto front, from the smallest."""
        return front(self.points)

    @property
    def as_good_as_float32(self) -> list[Point]:
        """Points whose interval holds or exceeds no difference, from the smallest."""
        return sorted(
            (point for point in self.points if self.quantity.low and point.high >= 0),
            key=lambda point: point.area,
        )


def front(points: Iterable[Point]) -> list[Point]:
    """Points that no other is at least as small and at least as good as, and better in one.

    Equal points are all on the front, or none.
    """
    best, found = -math.inf, []
    for point in sorted(points, key=lambda each: (each.area, -each.value)):
        equal = found and (point.area, point.value) == (found[-1].area, found[-1].value)
        if point.value > best or equal:
            found.append(point)
            best = point.value
    return found


def charts(
    grid: Path,
    accuracy: Path,
    *,
    area: str = "gates",
    shape: str = "unit",
    quantities: Sequence[str] = tuple(QUANTITIES),
    networks: Sequence[str] | None = None,
) -> dict[str, list[Chart]]:
    """Read what there is and join it.

    Parameters
    ----------
    grid : Path
        Table of `fp8mac grid`.
    accuracy : Path
        Folder of the tables of `fp8mac accuracy`.
    area : str
        ``gates`` (weighted, with flip-flops), ``ge`` (gate equivalents), or a column of the grid.
    shape : str
        ``unit`` or ``core``.
    quantities : sequence of str
        Names in `QUANTITIES`.
    networks : sequence of str, optional
        All that there are results of, by default.

    Returns
    -------
    dict of str to list of Chart
        By network, a chart for each quantity.

    Raises
    ------
    PlotError
        If a file, column, network or number is not there.
    """
    for name in quantities:
        if name not in QUANTITIES:
            raise PlotError(
                f"Accuracy is not measured by '{name}'; there are {', '.join(QUANTITIES)}."
            )
    column, areas = _areas(grid, area, shape)
    rows = _runs(accuracy)
    known = list(dict.fromkeys(row["network"] for row in rows))
    for name in networks or ():
        if name not in known:
            raise PlotError(
                f"There are no results of the network '{name}' in '{accuracy}'; there are "
                f"{', '.join(known)}."
            )
    return {
        network: [
            _chart([row for row in rows if row["network"] == network], areas, column, each)
            for each in map(QUANTITIES.__getitem__, quantities)
        ]
        for network in networks or known
    }


def _areas(path: Path, area: str, shape: str) -> tuple[str, dict[str, float]]:
    """Column, and area by unit; the units in the order of the grid."""
    rows = _read(path, "fp8mac grid")
    wanted = _ALIASES.get(area, area)
    column = next((name for name in rows[0] if name.endswith(wanted)), None)
    if column is None or "unit" not in rows[0] or "shape" not in rows[0]:
        raise PlotError(f"'{path}' has no column '{wanted}'; its columns are {', '.join(rows[0])}.")
    found = {
        row["unit"]: value
        for row in rows
        if row["shape"] == shape and (value := _number(row, column, path)) is not None
    }
    if not found:
        raise PlotError(f"'{path}' has no '{column}' of any {shape}.")
    return column, found


def _runs(folder: Path) -> Rows:
    """Rows of all networks: formats and accumulators, nothing else varied."""
    columns = {"experiment", "network", "unit", "a_format", "w_format", "accumulator"}
    columns |= {"metric", "samples", *(each.column for each in QUANTITIES.values())}
    rows = []
    for path in sorted(folder.glob("*.csv")):
        table = _read(path, "fp8mac accuracy")
        if columns <= set(table[0]):
            rows += [row | {"": str(path)} for row in table if row["experiment"] == "formats"]
    if not rows:
        raise PlotError(
            f"There is no table of formats and accumulators in '{folder}'; make one with "
            "fp8mac accuracy."
        )
    return rows


def _read(path: Path, command: str) -> Rows:
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise PlotError(f"There is no '{path}'; make it with {command}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PlotError(f"Cannot read '{path}': {error}.") from error
    if not rows:
        raise PlotError(f"'{path}' is empty; make it anew with {command}.")
    return rows


def _number(row: dict[str, Any], column: str, path: Path | str) -> float | None:
    """A cell as a number; None where it is empty."""
    text = row[column]
    try:
        number = float(text) if text else None
    except ValueError:
        raise PlotError(f"'{path}': '{text}' in column '{column}' is not a number.") from None
    return number if number is None or math.isfinite(number) else None


def _chart(rows: Rows, areas: dict[str, float], column: str, quantity: Quantity) -> Chart:
    points, missing = [], {}
    for row in rows:
        unit, cells = row["unit"], {}
        for name in ("column", "low", "high"):
            title = getattr(quantity, name)
            number = _number(row, title, row[""]) if title else None
            cells[name] = None if number is None else number * quantity.factor
        value = cells["column"]
        if unit not in areas:
            missing[unit] = f"no {column}"
        elif value is None:
            missing[unit] = f"no {quantity.column}"
        else:
            low, high = (value if cells[end] is None else cells[end] for end in ("low", "high"))
            pair = dict.fromkeys((row["a_format"], row["w_format"]))
            names = (" x ".join(pair), row["accumulator"])
            points.append(Point(unit, *names, areas[unit], value, low, high))
    run = {row["unit"] for row in rows}
    missing |= {unit: "not run" for unit in areas if unit not in run}
    first = rows[0]
    samples = int(first["samples"])
    return Chart(first["network"], first["metric"], samples, quantity, column, points, missing)
