"""Sums of placed terms, by linear arithmetic."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.proofs.cuts.linear import adders_of, linear_form

__all__ = ["Placed", "check_sum", "most_places"]


@dataclass(frozen=True)
class Placed:
    """A term in two's complement: ``addend + one - sign * 2**len(addend)``, times ``2**place``.

    Parameters
    ----------
    addend : sequence of Bit
        Its places.
    one : Bit
        Added to the last one.
    sign : Bit
        Whether it is negative.
    place : int
        Where its last place is in the sum.
    """

    addend: Sequence[Bit]
    one: Bit
    sign: Bit
    place: int = 0


def check_sum(
    gates: Gates,
    inside: str,
    rows: Sequence[Sequence[Bit]],
    terms: Sequence[Placed],
    *,
    less: int = 0,
    most: int,
) -> None:
    """Prove that rows add up to terms.

    Parameters
    ----------
    gates : Gates
        The circuit.
    inside : str
        How names of its adders begin.
    rows : sequence of sequence of Bit
        What the sum ends with.
    terms : sequence of Placed
        Terms.
    less : int
        By how much the rows are less than the sum.
    most : int
        Largest magnitude of the sum, which has to fit.

    Raises
    ------
    CutError
        If they do not.
    """
    width = len(rows[0])
    if most >= 1 << width - 1:
        raise CutError(f"The sum has {width} bits, which do not hold it.")
    wanted: defaultdict[Bit, int] = defaultdict(int)
    for term in terms:
        for at, bit in enumerate(term.addend, term.place):
            wanted[bit] += 1 << at
        wanted[term.one] += 1 << term.place
        wanted[term.sign] -= 1 << len(term.addend) + term.place
    constant = wanted.pop("1", 0) - less
    wanted.pop("0", None)
    result = [(bit, 1 << place) for row in rows for place, bit in enumerate(row)]
    adders = adders_of(gates, inside)
    # A sign that counts less than nothing is inverted, and may be in a row as it is.
    adders |= {bit for bit, _ in result if gates.kinds.get(bit) == "$_NOT_"}
    form = linear_form(gates, result, width, adders=adders - {*wanted}, leaves={*wanted})
    rest = {bit: weight % (1 << width) for bit, weight in wanted.items()}
    if {bit: weight for bit, weight in rest.items() if weight} != form.weights:
        raise CutError("The sum does not add every term once, at its place.")
    if (constant - form.constant) % (1 << width):
        raise CutError("The constants of the terms and of the sum do not cancel.")


def most_places(largest: int, places: int) -> int:
    """Largest number of last places that a term is, however it is cut."""
    return largest << places if places >= 0 else (largest >> -places) + 1
