"""Which unit to build: the cheapest whose loss is surely within a limit, and what stands beside it.

::

    loss        limit
      |-----o-----|         surely within: the cheapest of these is recommended
          |-----o-----|     not told apart from the limit: more questions may tell
                  |---o---| surely beyond
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.cost.target import TargetError, parse_clock, parse_delay
from fp8mac.synth_reports.experiments.sweep.front import (
    Row,
    checked_axes,
    column_of,
    costs_of,
    group_of,
)

__all__ = ["Candidate", "Demand", "RecommendError", "Recommendation", "recommend"]

_RUNNERS_UP = 3


class RecommendError(Error, ValueError):
    """A question that the points do not answer; one sentence for the user."""


@dataclass(frozen=True)
class Demand:
    """What is wanted.

    Parameters
    ----------
    network : str
        What runs on the unit.
    max_loss : float
        Share that may be lost against float32: 0.005 is half a point.
    minimise : str
        Name of a cost, see `fp8mac.synth_reports.experiments.sweep.front.AXES`.
    delay : str
        Longest path between registers that is allowed, such as ``1ns`` or ``20fo4``, or the least
        clock of an FPGA, such as ``100MHz``; any if empty.
    lanes : int, optional
        Products a cycle; any, if the points have one number of them.
    library, fpga : str
        What it is mapped to; any, if the points have one of them.
    """

    network: str
    max_loss: float
    minimise: str = "area"
    delay: str = ""
    lanes: int | None = None
    library: str = ""
    fpga: str = ""


@dataclass(frozen=True)
class Candidate:
    """A point that was looked at.

    Parameters
    ----------
    row : mapping
        Its row in the store.
    cost : float or None
        What is minimised.
    verdict : str
        ``within``, ``untold``, ``beyond``, or ``unknown`` where it was not measured.
    more_questions : int or None
        That would tell, if the loss stays what it is; of what is ``untold``.
    """

    row: Row
    cost: float | None
    verdict: str
    more_questions: int | None = None


@dataclass(frozen=True)
class Recommendation:
    """An answer.

    Parameters
    ----------
    demand : Demand
        What was wanted.
    column : str
        Column of the cost.
    choice : Candidate or None
        The cheapest unit within the limit; None where none is.
    nearest : Candidate or None
        Without a choice: the one whose upper bound of loss is least.
    runners_up : tuple of Candidate
        Within the limit as well, the next cheapest.
    cheaper : tuple of Candidate
        That cost less than the choice, or all, and are not within the limit for sure.
    unknown : tuple of Candidate
        Of which the cost or the accuracy was not measured, and that may cost less than the choice.
    too_slow : int
        Points that the delay rules out.
    """

    demand: Demand
    column: str
    choice: Candidate | None
    nearest: Candidate | None
    runners_up: tuple[Candidate, ...]
    cheaper: tuple[Candidate, ...]
    unknown: tuple[Candidate, ...]
    too_slow: int

    @property
    def untold(self) -> tuple[Candidate, ...]:
        """Cheaper ones that were not told apart from the limit."""
        return tuple(each for each in self.cheaper if each.verdict == "untold")


def recommend(rows: Iterable[Row], demand: Demand) -> Recommendation:
    """Answer from points.

    Parameters
    ----------
    rows : iterable of mapping
        Of a store.
    demand : Demand
        What is wanted.

    Raises
    ------
    RecommendError
        If there is no such point, or they are of several kinds and it is not said which is meant.
    AxisError, TargetError
        If there is no such cost, or delay.
    """
    checked_axes([demand.minimise])
    found = _chosen(list(rows), demand)
    fast, too_slow = _fast(found, demand.delay)
    columns = dict.fromkeys(filter(None, (column_of(row, demand.minimise) for row in found)))
    if not columns:
        raise RecommendError(f"The {demand.minimise} of none of the points was measured.")
    candidates = [_candidate(row, demand) for row in fast]
    known = sorted(
        (each for each in candidates if each.verdict != "unknown"),
        key=lambda each: (each.cost, each.row["loss_high"], each.row["unit"]),
    )
    within = [each for each in known if each.verdict == "within"]
    choice = within[0] if within else None
    nearest = None
    if choice is None and known:
        nearest = min(known, key=lambda each: (each.row["loss_high"], each.cost))
    return Recommendation(
        demand,
        next(iter(columns)),
        choice,
        nearest,
        tuple(within[1 : 1 + _RUNNERS_UP]),
        tuple(each for each in known if each.verdict != "within" and _may_win(each, choice)),
        tuple(each for each in candidates if each.verdict == "unknown" and _may_win(each, choice)),
        too_slow,
    )


def _may_win(candidate: Candidate, choice: Candidate | None) -> bool:
    if choice is None or candidate.cost is None:
        return True
    assert choice.cost is not None
    return candidate.cost < choice.cost


def _candidate(row: Row, demand: Demand) -> Candidate:
    costs = costs_of(row, [demand.minimise])
    cost = None if costs is None else costs[0]
    if cost is None or row["loss_high"] is None:
        return Candidate(row, cost, "unknown")
    if row["loss_high"] <= demand.max_loss:
        return Candidate(row, cost, "within")
    if row["loss_low"] > demand.max_loss:
        return Candidate(row, cost, "beyond")
    return Candidate(row, cost, "untold", _more_questions(row, demand.max_loss))


def _more_questions(row: Row, limit: float) -> int | None:
    """Questions after which an interval around the same loss would not hold the limit."""
    half = (row["loss_high"] - row["loss_low"]) / 2
    gap = abs(row["loss"] - limit)
    if gap == 0:
        return None
    return max(1, ceil(row["questions"] * ((half / gap) ** 2 - 1)))


def _chosen(rows: Sequence[Row], demand: Demand) -> list[Row]:
    """Rows of the network, of one kind."""
    networks = list(dict.fromkeys(row["network"] for row in rows if row["network"]))
    if demand.network not in networks:
        there = f"; there are {', '.join(networks)}" if networks else ""
        raise RecommendError(
            f"There are no points of {demand.network}{there}; fp8mac sweep measures them."
        )
    found = [row for row in rows if row["network"] == demand.network]
    wanted = {
        "lanes": demand.lanes,
        "library": demand.library or None,
        "fpga_target": demand.fpga or None,
    }
    if demand.fpga == "" and not demand.library and any(row["library"] for row in found):
        found = [row for row in found if row["library"]]  # an FPGA is asked for
    for column, value in wanted.items():
        there = sorted({row[column] for row in found if row[column] is not None})
        if value is not None:
            found = [row for row in found if row[column] == value]
            if not found:
                names = ", ".join(map(str, there))
                raise RecommendError(
                    f"There are no points of {demand.network} with {_NAMES[column]} {value}; there "
                    f"are {names}."
                )
        elif len(there) > 1:
            names = ", ".join(map(str, there))
            raise RecommendError(
                f"The points of {demand.network} have several {_PLURALS[column]}: {names}; choose "
                f"one with --{_OPTIONS[column]}."
            )
    assert len({group_of(row)[2:] for row in found}) == 1
    return found


_NAMES = {"lanes": "lanes", "library": "library", "fpga_target": "FPGA"}
_PLURALS = {"lanes": "numbers of lanes", "library": "libraries", "fpga_target": "FPGAs"}
_OPTIONS = {"lanes": "lanes", "library": "library", "fpga_target": "fpga"}


def _fast(rows: Sequence[Row], delay: str) -> tuple[list[Row], int]:
    """Rows that are fast enough, or whose delay is not known; and how many are not."""
    if not delay:
        return list(rows), 0
    column, limit = _limit(delay)
    if all(row[column] is None for row in rows):
        raise TargetError(f"No point has a {_KINDS[column]} that '{delay}' can be compared with.")
    sign = -1 if column == "fmax_mhz" else 1
    fast = [row for row in rows if row[column] is None or sign * row[column] <= sign * limit]
    return fast, len(rows) - len(fast)


_KINDS = {"delay_fo4": "delay", "delay_ns": "delay", "fmax_mhz": "clock after place and route"}


def _limit(delay: str) -> tuple[str, float]:
    """Column that a delay or a clock is compared with, and its limit."""
    if delay.lower().endswith("hz"):
        clock = parse_clock(delay)
        assert clock.ps is not None
        return "fmax_mhz", 1e6 / clock.ps
    target = parse_delay(delay)
    if target.fo4 is not None:
        return "delay_fo4", target.fo4
    assert target.ps is not None
    return "delay_ns", target.ps / 1000
