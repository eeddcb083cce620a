"""Labels beside their points: the nearest free place, in rings around the point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "place"]

_DIRECTIONS = 16
_RINGS = 40
_STEP = 4.0


@dataclass(frozen=True)
class Box:
    """A rectangle, in any unit of length.

    Parameters
    ----------
    left, bottom, right, top : float
        Its edges.
    """

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Whether they share more than an edge."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other is inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    marker: float,
) -> list[Box | None]:
    """Boxes of labels that overlap neither each other nor any point, inside a frame.

    Parameters
    ----------
    points : sequence of (x, y)
        What is labelled; the first ones choose first.
    sizes : sequence of (width, height)
        Of the labels.
    frame : Box
        Where labels may be.
    marker : float
        Half of the width that a point takes.

    Returns
    -------
    list of Box or None
        In the order of the points; None for a label that has no place near its point.

    Examples
    --------
    >>> place([(50, 50)], [(20, 10)], Box(0, 0, 100, 100), 3)
    [Box(left=57.0, bottom=45.0, right=77.0, top=55.0)]
    """
    taken = [Box(x - marker, y - marker, x + marker, y + marker) for x, y in points]
    found: list[Box | None] = []
    for (x, y), size in zip(points, sizes, strict=True):
        box = next(
            (
                each
                for each in _around(x, y, size, marker)
                if frame.holds(each) and not any(map(each.overlaps, taken))
            ),
            None,
        )
        found.append(box)
        if box:
            taken.append(box)
    return found


def _around(x: float, y: float, size: tuple[float, float], marker: float) -> list[Box]:
    """Places for a label, nearest first; in each ring, first to the right, then to the left."""
    width, height = size
    boxes = []
    for ring in range(1, _RINGS):
        distance = marker + ring * _STEP
        for turn in sorted(range(_DIRECTIONS), key=_preference):
            angle = 2 * math.pi * turn / _DIRECTIONS
            across, up = math.cos(angle), math.sin(angle)
            middle_x = x + across * (distance + width / 2)
            middle_y = y + up * (distance + height / 2)
            left, bottom = round(middle_x - width / 2, 6), round(middle_y - height / 2, 6)
            boxes.append(Box(left, bottom, left + width, bottom + height))
    return boxes


def _preference(turn: int) -> tuple[int, int]:
    quarter = _DIRECTIONS // 4
    return min(turn % (2 * quarter), -turn % (2 * quarter)), turn
