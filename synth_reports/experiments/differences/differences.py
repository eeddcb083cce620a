"""The smallest operands on which two units disagree, and sums that are not monotone, as records."""

from dataclasses import dataclass
from fractions import Fraction

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims.differ import find_difference
from fp8mac.sim.check.claims.monotone import find_descents

__all__ = ["DifferenceRecord", "PairJob", "alone", "pair"]


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


def pair(job: PairJob) -> DifferenceRecord:
    """Where two units disagree, by trying all sums of one and of two products."""
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


def alone(job: PairJob) -> DifferenceRecord:
    """Whether the sums of a unit are monotone."""
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


def _text(number: Fraction | float | str) -> str:
    """All digits; sums of units have few enough."""
    return number if isinstance(number, str) else repr(float(number)).removesuffix(".0")
