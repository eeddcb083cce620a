"""Parts of a sum in one window: the largest exponent, what is left of each term, the rounding.

What one part shows is what the next ones know: nothing else is assumed of any word. Exponents are
counted as those of products; ``top`` is the largest one as it is defined, whatever the circuit has.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.rounded import rounding
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.sums import Placed, check_sum, most_places
from fp8mac.proofs.cuts.words import Question, Words, question
from fp8mac.proofs.spec.terms import (
    EXPONENT_BITS,
    acc_terms,
    cut_off,
    exponent,
    is_largest,
    signed,
    unsigned,
)
from fp8mac.proofs.spec.theory import all_of, any_of, bits

__all__ = ["WindowParts"]


class WindowParts(ABC):
    """Parts of a unit that adds products and accumulator in one window.

    Parameters
    ----------
    parts : FloatParts
        Its lanes.
    """

    def __init__(self, parts: FloatParts) -> None:
        window = parts.config.summation.window_bits
        assert window is not None
        self.parts, self._lanes = parts, parts.lanes
        self._format = parts.acc.format
        self._kept = window - 1
        self._offset = parts.offset()

    # What a family has of its own.

    @property
    @abstractmethod
    def words(self) -> dict[str, Sequence[Bit]]:
        """What a circuit tells of the largest exponent."""

    @property
    @abstractmethod
    def definitions(self) -> str:
        """``some`` product is not zero, the largest exponent is the accumulator's or ``inside``.

        ::

            (some)  (inside)  (largest)   Booleans, and the exponent where it is ``inside``
            (low)                         places of the sum below the window
        """

    @property
    @abstractmethod
    def shown(self) -> str:
        """What is shown of the words beside."""

    @abstractmethod
    def away(self, own: str) -> str:
        """That nothing of a product is in the window, as the circuit can tell."""

    @abstractmethod
    def placed(self, lane: int) -> Placed:
        """Words of a term in the window; the accumulator is behind the last lane."""

    @property
    @abstractmethod
    def rows(self) -> dict[str, Sequence[Bit]]:
        """What the tree ends with."""

    @property
    @abstractmethod
    def tree(self) -> str:
        """How names of the tree's adders begin."""

    low_bits = 0
    """Most places of the sum below the window."""

    less = 0
    """By how much the rows are less than the sum."""

    # What is the same for all.

    def questions(self) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        count = self.parts.count
        terms = [self.placed(lane) for lane in range(count + 1)]
        rows = list(self.rows.values())
        check_sum(self.parts.gates, self.tree, rows, terms, less=self.less, most=self._most)
        yield self.parts.specials()
        yield from self.parts.scale()
        yield self._largest()
        yield from (self._place(lane) for lane in range(count))
        yield self._place_acc()
        yield self._finish()

    @cached_property
    def _definitions(self) -> str:
        own = exponent(self._offset - self._format.exponent_bias)
        word, scale = f"(_ BitVec {EXPONENT_BITS})", self.parts.scale_exponent
        return (
            f"{acc_terms(self._format, 'c', 'c')}"
            f"(define-fun c_own () {word} (bvsub (bvadd c_exponent {own}) {scale}))\n"
            f"{self.definitions}"
            f"(define-fun top () {word} (ite inside largest c_own))\n"
        )

    @property
    def _c(self) -> dict[str, Sequence[Bit]]:
        return {"c": self.parts.gates.bus("c"), **self.parts.scale_word}

    @property
    def nothing_left(self) -> int:
        """Distance from which on nothing of a product is in the window."""
        return self._kept - self._lanes.fraction_bits + self._lanes.largest.bit_length()

    def _reached(self, own: str) -> str:
        """What is shown of the largest exponent and that of a product that is not zero."""
        far = f"(bvsge (bvsub top {own}) {exponent(self.nothing_left)})"
        return (
            f"(and some (bvsge top {own}) (=> inside (bvsge largest {own}))"
            f" (=> (not inside) (and {far} {self.away(own)})))"
        )

    def _within(self, own: str) -> str:
        """What lanes show of the exponent of a product that is not zero."""
        least, most = (
            exponent(each + self._offset) for each in (self._lanes.lowest, self._lanes.highest)
        )
        return f"(and (bvsge {own} {least}) (bvsle {own} {most}))"

    def _largest(self) -> Question:
        products = self.parts.products
        given = {f"e_{lane}": each.exponent for lane, each in enumerate(products)}
        given |= {"zero": [each.zero for each in products], **self._c}
        terms, reached, known = [], [], []
        for lane, each in enumerate(products):
            counts = f"(= ((_ extract {lane} {lane}) zero) #b0)"
            mine = unsigned(f"e_{lane}", len(each.exponent))
            terms.append((counts, mine))
            reached.append(f"(=> {counts} {self._reached(mine)})")
            known.append(f"(=> {counts} {self._within(mine)})")
        some = any_of(counts for counts, _ in terms)
        counts = f"(not (= c_significand {bits(0, self._format.precision)}))"
        claim = (
            f"(and (= some {some}) (=> inside some) {self.shown} {all_of(reached)}"
            f" (=> {some} {is_largest('top', [*terms, (counts, 'c_own')])}))"
        )
        return self._question("The largest exponent", given, self.words, claim, known=known)

    def _question(
        self,
        what: str,
        given: Words,
        found: Words,
        claim: str,
        *,
        known: Sequence[str] = (),
        more: str = "",
    ) -> Question:
        return what, question(
            self.parts.gates,
            given,
            found,
            claim,
            what=what,
            definitions=self._definitions + more,
            known=[*known, *self.parts.scale_known],
        )

    def _is_placed(self, width: int, term: tuple[str, int]) -> str:
        """That the placed words are a term, in units of the sum."""
        text, integer = term
        wide = max(width, integer + self.low_bits) + 2
        got = f"(bvadd ((_ zero_extend {wide - width}) addend) ((_ zero_extend {wide - 1}) one))"
        less = f"(ite (= sign #b1) {bits(-1 << width, wide)} {bits(0, wide)})"
        return f"(= (bvadd {got} {less}) {self._in_place(text, integer, wide)})"

    def _in_place(self, text: str, integer: int, wide: int) -> str:
        """A term in units of the sum."""
        term = signed(text, integer, wide)
        return f"(bvshl {term} {unsigned('low', 2, wide)})" if self.low_bits else term

    def _place(self, lane: int) -> Question:
        product, placed = self.parts.products[lane], self.placed(lane)
        if placed.sign != product.sign:
            raise CutError(f"The sign of lane {lane} is another one in its place.")
        given = {"e": product.exponent, "m": product.significand, "sign": [product.sign]}
        given |= {"zero": [product.zero], **self.words, **self._c}
        found = {"addend": placed.addend, "one": [placed.one]}
        width = len(product.significand)
        own = f"(define-fun own () (_ BitVec {EXPONENT_BITS})"
        own += f" {unsigned('e', len(product.exponent))})\n"
        term = cut_off(
            "m",
            width,
            "sign",
            "(bvsub top own)",
            fraction_bits=self._lanes.fraction_bits,
            kept_bits=self._kept,
            cut=self.parts.config.summation.cut,
        )
        known = [
            f"(ite (= zero #b1) (= m {bits(0, width)}) {self._reached('own')})",
            f"(or (= zero #b1) {self._within('own')})",
            self.shown,
        ]
        claim = self._is_placed(len(placed.addend), term)
        return self._question("The place of a product", given, found, claim, known=known, more=own)

    def _acc_term(self) -> tuple[str, int]:
        return cut_off(
            "c_significand",
            self._format.precision,
            "c_sign",
            "(bvsub top c_own)",
            fraction_bits=self._format.mantissa_bits,
            kept_bits=self._kept,
            cut=self.parts.config.summation.cut,
        )

    def _place_acc(self) -> Question:
        placed = self.placed(self.parts.count)
        given = {**self.words, **self._c}
        found = {"addend": placed.addend, "one": [placed.one], "sign": [placed.sign]}
        none = f"(= c_significand {bits(0, self._format.precision)})"
        known = [f"(or {none} (bvsge top c_own))", "(=> inside some)", self.shown]
        claim = self._is_placed(len(placed.addend), self._acc_term())
        return self._question("The place of the accumulator", given, found, claim, known=known)

    @property
    def _most(self) -> int:
        """Largest magnitude of the sum."""
        product = most_places(self._lanes.largest, self._kept - self._lanes.fraction_bits)
        acc = most_places(
            (1 << self._format.precision) - 1, self._kept - self._format.mantissa_bits
        )
        return self.parts.count * product + acc << self.low_bits

    def _finish(self) -> Question:
        width = len(next(iter(self.rows.values())))
        text, integer = self._acc_term()
        wide = max(width, integer + self.low_bits)
        alone = self._in_place(text, integer, wide)
        least = exponent(self._lanes.lowest + self._offset)
        low = unsigned("low", 2) if self.low_bits else exponent(0)
        last = exponent(self._offset + self._kept)
        return rounding(
            self.parts,
            self.rows,
            self.parts.gates.bus("y"),
            power=f"(bvsub (bvadd top {self.parts.scale_exponent}) (bvadd {low} {last}))",
            most=self._most,
            less=self.less,
            given={**self.words, **self._c},
            known=[
                f"(or some (= {signed('value', width, wide)} {alone}))",
                f"(or (not some) (bvsge top {least}))",
                "(=> inside some)",
                self.shown,
                *self.parts.scale_known,
            ],
            definitions=self._definitions,
        )
