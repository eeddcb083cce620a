"""Area against accuracy: units that were both synthesised and run with a network on them.

A unit is on the Pareto front if no other is at least as good and at most as large, and better in
one of the two. No unit counts as better than float32, and one whose interval reaches float32 counts
as equally good: what it has beyond that is luck::

    accuracy          o-----o---------    front
        |       o-----|  x       x        x  another unit is no larger and no worse
        |       |   x
        +------------------------ area
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fp8mac.hw.config.errors import Error

__all__ = ["QUANTITIES", "Chart", "Charts", "ParetoPoint", "PlotError", "Quantity", "front"]


class PlotError(Error, ValueError):
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
        How far below the best one a unit is drawn at its place, if intervals are no wider; farther
        ones stand below the edge.
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
class ParetoPoint:
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
    points : list of ParetoPoint
        Units with both numbers.
    missing : dict of str to str
        By unit, why it is not drawn.
    twins : dict of str to str
        By unit, the one that it has its accuracy from, because both compute the same numbers.
    grid : str
        Name of the file that the horizontal scale is from.
    """

    network: str
    metric: str
    samples: int
    quantity: Quantity
    area: str
    points: list[ParetoPoint]
    missing: dict[str, str]
    twins: dict[str, str] = field(default_factory=dict)
    grid: str = "grid.csv"

    def is_as_good_as_float32(self, point: ParetoPoint) -> bool:
        """Whether its interval holds or exceeds no difference."""
        return bool(self.quantity.low) and point.high >= 0

    def rank(self, point: ParetoPoint) -> float:
        """What it counts as: 0 where it is not told apart from float32."""
        return 0.0 if self.is_as_good_as_float32(point) else point.value

    @property
    def front(self) -> list[ParetoPoint]:
        """Points of the Pareto front, from the smallest."""
        return front(self.points, self.rank)

    @property
    def as_good_as_float32(self) -> list[ParetoPoint]:
        """Points that are not told apart from float32, from the smallest."""
        return sorted(filter(self.is_as_good_as_float32, self.points), key=lambda each: each.area)


@dataclass(frozen=True)
class Charts:
    """What was joined of a network: a chart for each measure of accuracy."""

    network: str
    charts: list[Chart]


def front(
    points: Iterable[ParetoPoint], rank: Callable[[ParetoPoint], float] = lambda point: point.value
) -> list[ParetoPoint]:
    """Points that no other is at least as small and at least as good as, and better in one.

    Equal points are all on the front, or none.

    Parameters
    ----------
    points : iterable of ParetoPoint
        All of them.
    rank : callable
        How good a point is; its value by default.
    """
    best, found = -math.inf, []
    for point in sorted(points, key=lambda each: (each.area, -rank(each))):
        equal = found and (point.area, rank(point)) == (found[-1].area, rank(found[-1]))
        if rank(point) > best or equal:
            found.append(point)
            best = rank(point)
    return found
