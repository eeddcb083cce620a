"""Which points still have to be asked: those of one group, from the cheapest.

::

    accuracy   float32 - - o - - - - - - - - -    whatever is to the right of o costs more, and
                     o     |  left out            cannot count as better: nothing is asked
                 o         |
                     x                            costs more than o before it: asked until it is
              +------------------------ cost      certain to lose more

Costs are known of all of them. At best a point is as good as float32, so that one that is not told
apart from float32 settles all that cost more, for sure. One that loses something is a threshold
for those that cost more, see `fp8mac.synth_reports.experiments.sweep.accuracy`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fp8mac.synth_reports.experiments.sweep.front import Row, costs_of, rank

__all__ = ["Contest"]


@dataclass
class Contest:
    """A group of points whose costs are known.

    Parameters
    ----------
    rows : sequence of mapping
        With an ``id``, a ``unit``, and costs.
    axes : sequence of str
        The costs that count.
    """

    rows: Sequence[Row]
    axes: Sequence[str]
    left_out: dict[str, str] = field(default_factory=dict, init=False)
    """By id, why a point need not be asked."""
    _waiting: list[tuple[tuple[float, ...], Row]] = field(default_factory=list, init=False)
    _done: list[tuple[tuple[float, ...], Row, dict[str, Any]]] = field(
        default_factory=list, init=False
    )

    def __post_init__(self) -> None:
        priced = [(costs_of(row, self.axes), row) for row in self.rows]
        self._waiting = sorted(
            ((costs, row) for costs, row in priced if costs is not None),
            key=lambda each: (each[0], each[1]["id"]),
        )

    @property
    def open(self) -> bool:
        """Whether something may be left to ask."""
        return bool(self._waiting)

    def next(self) -> tuple[Row, float | None] | None:
        """The cheapest point that has to be asked, and the least loss of those that cost no more.

        It is not given again. None where nothing is left; what was left out is in `left_out`.
        """
        while self._waiting:
            costs, row = self._waiting.pop(0)
            cheaper = [
                (one, found)
                for its, one, found in self._done
                if its != costs and all(a <= b for a, b in zip(its, costs, strict=True))
            ]
            best = max(cheaper, key=lambda each: rank(each[1]), default=None)
            if best is None:
                return row, None
            if rank(best[1]) < 0:
                return row, -rank(best[1])
            self.left_out[row["id"]] = (
                f"{best[0]['unit']} costs no more and is not told apart from float32"
            )
        return None

    def record(self, row: Row, found: dict[str, Any]) -> None:
        """What came of a point that was asked everything."""
        costs = costs_of(row, self.axes)
        assert costs is not None
        self._done.append((costs, row, found))
