"""All pairs of named FP8 units: the smallest operands on which they disagree; and monotone sums."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["FAMILIES", "DifferenceRecord", "PairJob", "UnitDifferences"]

FAMILIES = {
    "E4M3, FP32 results": (
        *("ada-fp8-e4m3", "h100-fp8-e4m3", "h100-mmasync-e4m3", "b200-fp8-e4m3"),
        *("mi300-fp8", "rvbna-fp8-e4m3", "fdot-fp8"),
    ),
    "E5M2, FP32 results": (
        *("ada-fp8-e5m2", "h100-fp8-e5m2", "h100-mmasync-e5m2", "b200-fp8-e5m2"),
        *("mi300-bf8", "rvbna-fp8-e5m2"),
    ),
    "E4M3, FP16 results": (
        *("ada-fp8-e4m3-fp16", "h100-fp8-e4m3-fp16", "h100-mmasync-e4m3-fp16"),
        *("b200-fp8-e4m3-fp16", "exsdotp-fp8"),
    ),
    "E5M2, FP16 results": (
        *("ada-fp8-e5m2-fp16", "h100-fp8-e5m2-fp16", "h100-mmasync-e5m2-fp16"),
        "b200-fp8-e5m2-fp16",
    ),
}
"""Named units that are compared with each other."""


@dataclass(frozen=True)
class PairJob:
    """Two units; or one, whose sums may be monotone."""

    first: str
    second: str = ""


@dataclass(frozen=True)
class DifferenceRecord:
    """What was found.

    Parameters
    ----------
    first, second : str
        Names of the units; ``second`` is empty where one was asked about.
    terms, place : int or None
        Products that are not zero, and where the last one stands; None where units agree.
    operands : str
        Of the products, such as ``0.5*2 0.25*1``.
    first_sum, second_sum, exact_sum : str
        What units give, and the exact sum.
    monotone : str
        Of one unit: ``yes``, ``no`` or ``not known`` for factors and for the accumulator.
    example : str
        Of one unit whose sums are not monotone: one that falls.
    """

    first: str
    second: str = ""
    terms: int | None = None
    place: int | None = None
    operands: str = ""
    first_sum: str = ""
    second_sum: str = ""
    exact_sum: str = ""
    monotone: str = ""
    example: str = ""


class UnitDifferences(Experiment[NoOptions, PairJob, DifferenceRecord]):
    """Pairs of named units, and each unit for itself."""

    name = "differences"
    help = "Find where named FP8 units disagree, all pairs, and whose sums are monotone."
    options = NoOptions
    pattern = "differences.*"
    kept_by = (__name__,)
    in_processes = True

    def plan(self, options: NoOptions) -> list[PairJob]:
        pairs = [PairJob(*pair) for names in FAMILIES.values() for pair in combinations(names, 2)]
        return [*pairs, *(PairJob(name) for names in FAMILIES.values() for name in names)]

    def run(self, job: PairJob, worker: Worker) -> DifferenceRecord:
        return _pair(job) if job.second else _alone(job)

    def load(self, facts: dict[str, Any]) -> DifferenceRecord:
        return DifferenceRecord(**facts)

    def render(self, records: Sequence[DifferenceRecord], made: Made) -> dict[str, str | bytes]:
        return page("differences", _page(records, made), csv_table([asdict(e) for e in records]))


def _pair(job: PairJob) -> DifferenceRecord:
    from fp8mac.sim.check.claims.differ import find_difference

    found = find_difference(parse_line(job.first), parse_line(job.second))
    if found is None:
        return DifferenceRecord(job.first, job.second)
    products = zip(found.a, found.b, strict=True)
    return DifferenceRecord(
        job.first,
        job.second,
        len(found.places),
        found.places[-1],
        operands=" ".join(f"{_text(a)}*{_text(b)}" for a, b in products),
        first_sum=_text(found.sums[0]),
        second_sum=_text(found.sums[1]),
        exact_sum="" if found.exact is None else _text(found.exact),
    )


def _alone(job: PairJob) -> DifferenceRecord:
    from fp8mac.sim.check.claims.monotone import find_descents

    found = find_descents(parse_line(job.first))
    answers = dict.fromkeys(found.proof, "yes") | {each.operand: "no" for each in found.descents}
    said = "; ".join(f"{kind}: {answers.get(kind, 'not known')}" for kind in "ac")
    examples = [
        f"{each.others} times {_text(each.x)}*{_text(each.y)}, {each.operand} from "
        f"{_text(each.low)} to {_text(each.high)}: {_text(each.sums[0])}, then "
        f"{_text(each.sums[1])}"
        for each in found.descents
    ]
    return DifferenceRecord(job.first, "", monotone=said, example="; ".join(examples))


def _text(number: "Fraction | float | str") -> str:
    """All digits; sums of units have few enough."""
    return number if isinstance(number, str) else repr(float(number)).removesuffix(".0")


def _page(records: Sequence[DifferenceRecord], made: Made) -> str:
    parts = [
        f"""\
# Where named units disagree

Made by `{made.command}`: for each pair the operands with the fewest terms, then at the
first places, then with the smallest codes. All operands of sums of one and of two products were
tried, from a cleared accumulator; each line was replayed in the golden model. *Place* is that of
the second product, the first one is at 0, all others are zero.
"""
    ]
    known = {name: title for title, names in FAMILIES.items() for name in names}
    titles = ["units", "", "terms", "place", "products", "first", "second", "exact"]
    for title in FAMILIES:
        rows = [
            [
                *(each.first, each.second, _count(each.terms), _count(each.place)),
                *(each.operands, each.first_sum, each.second_sum, each.exact_sum),
            ]
            for each in records
            if each.second and known[each.first] == title
        ]
        parts.append(f"## {title}\n{markdown_table(titles, rows)}\n")
    rows = [[each.first, each.monotone, each.example] for each in records if not each.second]
    parts.append(
        "## Monotone sums\nCan one step's sum fall where a factor of a product (a) or the "
        "accumulator (c) grows?\n" + markdown_table(["unit", "monotone", "a sum that falls"], rows)
    )
    return "\n".join(parts) + "\n"


def _count(number: int | None) -> str:
    return "none found" if number is None else str(number)
