"""Searching all families side by side: a round asks each of them once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fp8mac.synth_reports.experiments.sweep.front import Row
from fp8mac.synth_reports.experiments.sweep.needed.families import Family
from fp8mac.synth_reports.experiments.sweep.needed.hunt import Hunt
from fp8mac.synth_reports.experiments.sweep.space import Point, space_of

__all__ = ["Found", "search"]


@dataclass(frozen=True)
class Found:
    """What came of a family.

    Parameters
    ----------
    family : Family
        Which one.
    bits : int or None
        The fewest that lose no more than the limit for sure; None where none do.
    row : mapping or None
        Point with these bits, or with the most where none do; None where it was not measured.
    refused : mapping or None
        Point with the most bits below that do not do.
    asked : int
        Units on which the network was run.
    """

    family: Family
    bits: int | None
    row: Row | None
    refused: Row | None
    asked: int


def search(
    families: Iterable[Family],
    limit: float,
    measure: Callable[[list[Point]], None],
    row_of: Callable[[str], Row | None],
) -> list[Found]:
    """Find the fewest bits of each family whose loss is surely within a limit.

    Parameters
    ----------
    families : iterable of Family
        What is searched.
    limit : float
        Share that may be lost against float32.
    measure : callable
        Called with points that are measured then.
    row_of : callable
        Row of a point that was measured, by its id.

    Returns
    -------
    list of Found
        In the order of the families.
    """
    hunts = [(each, Hunt(each.low, each.high, each.guess)) for each in families]
    rows: dict[tuple[int, int], Row | None] = {}
    live = list(range(len(hunts)))
    while live:
        asked = {number: bits for number in live if (bits := hunts[number][1].next()) is not None}
        points = {number: _points(hunts[number][0], bits) for number, bits in asked.items()}
        if points:
            measure([point for found in points.values() for point in found])
        live = []
        for number, bits in asked.items():
            row = row_of(points[number][0].id)
            known = row is not None and row.get("loss_high") is not None
            rows[number, bits] = row if known else None
            if known:
                assert row is not None
                hunts[number][1].answers[bits] = row["loss_high"] <= limit
                live.append(number)
    return [_found(number, *each, rows) for number, each in enumerate(hunts)]


def _points(family: Family, bits: int) -> list[Point]:
    return list(space_of([family.spec_of(bits)]).points)


def _found(number: int, family: Family, hunt: Hunt, rows: dict[tuple[int, int], Any]) -> Found:
    bits = hunt.found
    below = [each for each in hunt.answers if bits is None or each < bits]
    refused = rows.get((number, max(below))) if below else None
    row = refused if bits is None else rows[number, bits]
    return Found(family, bits, row, None if bits is None else refused, len(hunt.answers))
