"""Terms that are aligned to the largest of their exponents, cut off, and added.

::

    exponents --> largest      the largest of the terms that count: none is above it, one has it
    terms     --> place        what is left of each: cut, floored or jammed
    places    --> sum          linear arithmetic
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fp8mac.hw.config.formats import TermCut
from fp8mac.proofs.cuts.adders import adder_rows
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.rounded import rounding
from fp8mac.proofs.cuts.gates import Bit
from fp8mac.proofs.cuts.joined.terms import TermWords, merged, sum_term
from fp8mac.proofs.cuts.sums import Placed, check_sum, most_places
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.terms import EXPONENT_BITS, cut_off, exponent, is_largest, unsigned
from fp8mac.proofs.spec.theory import any_of, bits

__all__ = ["Aligned", "KeptTerm", "rounded"]


class KeptTerm(NamedTuple):
    """A term, and what is kept of it.

    Parameters
    ----------
    term : TermWords
        The term.
    bits : int
        Places below the largest exponent.
    drop : int, optional
        Distance of exponents beyond which it counts as zero.
    """

    term: TermWords
    bits: int
    drop: int | None = None


@dataclass(frozen=True)
class Aligned:
    """A circuit that aligns terms and adds them, in a core.

    Parameters
    ----------
    parts : FloatParts
        The core.
    name : str
        Of the circuit.
    kept : sequence of KeptTerm
        Its terms.
    cut : TermCut
        What becomes of what is below.
    base : int
        Exponent where the circuit's word for the largest one is 0.
    what : str
        What a term is, for questions about it.
    """

    parts: FloatParts
    name: str
    kept: Sequence[KeptTerm]
    cut: TermCut
    base: int
    what: str

    @property
    def last(self) -> int:
        """Places of the sum below the largest exponent."""
        return max(each.bits for each in self.kept)

    @property
    def largest(self) -> list[Bit]:
        """The circuit's word for the largest exponent."""
        return self._net("largest")

    @property
    def value(self) -> list[Bit]:
        """The sum, in two's complement."""
        return self._net("value")

    @property
    def top(self) -> str:
        """The largest exponent, as it is told by the word ``top_``."""
        return f"(bvadd {unsigned('top_', len(self.largest))} {exponent(self.base)})"

    @property
    def definitions(self) -> str:
        """Definition of ``top``."""
        return f"(define-fun top () (_ BitVec {EXPONENT_BITS}) {self.top})\n"

    @property
    def rows(self) -> dict[str, Sequence[Bit]]:
        """What the tree ends with."""
        inside = f"{self.parts.inside}{self.name}."
        return adder_rows(self.parts.gates, f"{inside}total") or {"total": self.value}

    @property
    def most(self) -> int:
        """Largest magnitude of the sum, in its last places."""
        return sum(
            most_places(each.term.most, each.bits - each.term.fraction_bits)
            << self.last - each.bits
            for each in self.kept
        )

    @property
    def lowest(self) -> int:
        """Smallest exponent of the sum."""
        return min(each.term.lowest for each in self.kept)

    @property
    def highest(self) -> int:
        """Largest exponent of the sum."""
        return max(each.term.highest for each in self.kept)

    def term(self, some: str) -> TermWords:
        """The sum as a term of another one; the net ``some`` tells whether it sets an exponent."""
        return sum_term(
            {"value": self.value, "largest": self.largest, "some": self.parts.net(some)},
            base=self.base,
            fraction_bits=self.last,
            most=self.most,
            lowest=self.lowest,
            highest=self.highest,
        )

    def questions(self, some: str | None = None) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Parameters
        ----------
        some : str, optional
            Net that tells whether a term counts.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        inside = f"{self.parts.inside}{self.name}."
        rows = list(self.rows.values())
        check_sum(self.parts.gates, inside, rows, self._placed, most=self.most)
        yield self._largest(some)
        for at in range(len(self.kept)):
            yield self._place(at)

    @cached_property
    def _placed(self) -> list[Placed]:
        found = []
        for at, each in enumerate(self.kept):
            addend, one, sign = (
                self._net(f"place_{at}.{word}") for word in ("addend", "one", "sign")
            )
            found.append(Placed(addend, one[0], sign[0], self.last - each.bits))
        return found

    def _largest(self, some: str | None) -> Question:
        terms = [each.term.at(f"_{at}") for at, each in enumerate(self.kept)]
        words, definitions = merged(terms)
        any_counts = any_of(term.counts for term in terms)
        right = is_largest("top", [(term.counts, term.exponent) for term in terms])
        claim = f"(=> {any_counts} {right})"
        found: dict[str, Sequence[Bit]] = {"top_": self.largest}
        if some is not None:
            found["some"] = self.parts.net(some)
            claim = f"(and {claim} (= (= some #b1) {any_counts}))"
        what = f"The largest exponent of {self.what}s"
        return what, question(
            self.parts.gates,
            words,
            found,
            claim,
            what=what,
            definitions=definitions + self.definitions,
            known=[fact for term in terms for fact in term.facts],
        )

    def _place(self, at: int) -> Question:
        (term, kept, drop), placed = self.kept[at], self._placed[at]
        term = term.at()
        words = {**term.words, "top_": self.largest}
        left, integer = cut_off(
            "magnitude",
            term.width,
            "minus",
            "(bvsub top own)",
            fraction_bits=term.fraction_bits,
            kept_bits=kept,
            cut=self.cut,
        )
        if drop is not None:
            far = f"(and {term.counts} (bvsgt (bvsub top own) {exponent(drop)}))"
            left = f"(ite {far} {bits(0, integer)} {left})"
        width = len(placed.addend)
        wide = max(width, integer) + 2
        got = f"(bvadd {unsigned('addend', width, wide)} {unsigned('one', 1, wide)})"
        less = f"(ite (= placed_sign #b1) {bits(-1 << width, wide)} {bits(0, wide)})"
        own = (
            f"(define-fun own () (_ BitVec {EXPONENT_BITS}) {term.exponent})\n"
            f"(define-fun magnitude () (_ BitVec {term.width}) {term.magnitude})\n"
            f"(define-fun minus () (_ BitVec 1) {term.sign})\n"
        )
        what = f"The place of a {self.what}"
        return what, question(
            self.parts.gates,
            words,
            {"addend": placed.addend, "one": [placed.one], "placed_sign": [placed.sign]},
            f"(= (bvadd {got} {less}) ((_ sign_extend {wide - integer}) {left}))",
            what=what,
            definitions=term.definitions + self.definitions + own,
            known=[*term.facts, f"(=> {term.counts} (bvsge top own))"],
        )

    def _net(self, name: str) -> list[Bit]:
        return self.parts.net(f"{self.name}.{name}")


def rounded(total: Aligned, code: Sequence[Bit]) -> Question:
    """That a code is a sum of aligned terms, rounded once."""
    width = len(next(iter(total.rows.values())))
    inside = f"(and (bvsge top {exponent(total.lowest)}) (bvsle top {exponent(total.highest)}))"
    return rounding(
        total.parts,
        total.rows,
        code,
        power=f"(bvsub top {exponent(total.last)})",
        most=total.most,
        given={"top_": total.largest},
        known=[f"(or (= value {bits(0, width)}) {inside})"],
        definitions=total.definitions,
    )
