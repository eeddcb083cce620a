"""What counts as cost and as accuracy, and which points no other one beats in both.

A point is on the front if no other one costs at most as much in everything and is at least as good,
and is better in one. No unit counts as better than float32, and one whose interval reaches float32
counts as equally good, as in `fp8mac.synth_reports.experiments.pareto.pareto`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fp8mac.hw.config.errors import Error

__all__ = [
    "AXES",
    "AxisError",
    "checked_axes",
    "column_of",
    "costs_of",
    "front",
    "group_of",
    "groups",
    "rank",
]

Row = Mapping[str, Any]

AXES = {
    "area": ("area_um2", "area_ge", "luts"),
    "delay": ("delay_ns", "delay_fo4", "levels"),
    "energy": ("energy_pj", "energy_cinv_v2"),
    "gates": ("gates",),
    "luts": ("luts",),
}
"""Costs by name, and the columns that hold them: the first that is not NULL."""

_SAME = ("network", "inputs", "lanes", "library", "fpga_target")


class AxisError(Error, ValueError):
    """A cost that there is not; one sentence for the user."""


def checked_axes(axes: Iterable[str]) -> tuple[str, ...]:
    """Names of costs, each once.

    Raises
    ------
    AxisError
        If there is no such cost.
    """
    found = tuple(dict.fromkeys(axes))
    for each in found:
        if each not in AXES:
            raise AxisError(f"Unknown cost '{each}'; there are {', '.join(AXES)}.")
    return found


def column_of(row: Row, axis: str) -> str | None:
    """Column that holds a cost of a row; None where it was not measured."""
    return next((name for name in AXES[axis] if row.get(name) is not None), None)


def costs_of(row: Row, axes: Sequence[str]) -> tuple[float, ...] | None:
    """Costs of a row; None where one was not measured."""
    columns = [column_of(row, axis) for axis in axes]
    if None in columns:
        return None
    return tuple(row[column] for column in columns if column is not None)


def rank(row: Row) -> float:
    """How good a row is: 0 where it is not told apart from float32, else minus its loss."""
    return 0.0 if row["loss_low"] <= 0 else -row["loss"]


def group_of(row: Row) -> tuple[Any, ...]:
    """What two rows have in common that are compared."""
    return tuple(row[name] for name in _SAME)


def groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows that are compared with each other; those without a network are in none."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["network"]:
            found.setdefault(group_of(row), []).append(row)
    return list(found.values())


def front(rows: Iterable[Row], axes: Sequence[str]) -> list[Row]:
    """Rows of one group on the front, from the cheapest; those that were measured whole."""
    measured = [
        (costs, -rank(row), row)
        for row in rows
        if row.get("loss") is not None
        and not row.get("left_out")
        and (costs := costs_of(row, axes)) is not None
    ]
    measured.sort(key=lambda each: each[:2])
    found: list[tuple[tuple[float, ...], float, Row]] = []
    for costs, lost, row in measured:
        better = (
            one for one in found if (one[0], one[1]) != (costs, lost) and _covers(one, costs, lost)
        )
        if next(better, None) is None:
            found.append((costs, lost, row))
    return [row for _, _, row in found]


def _covers(one: tuple[tuple[float, ...], float, Row], costs: Sequence[float], lost: float) -> bool:
    cheap = all(mine <= its for mine, its in zip(one[0], costs, strict=True))
    return cheap and one[1] <= lost
