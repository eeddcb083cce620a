"""Parts of an exact sum: every term has its place in one frame, and the sum is rounded once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.parts import FloatParts, Question
from fp8mac.proofs.cuts.sums import Placed, check_sum
from fp8mac.proofs.cuts.windows import unsigned
from fp8mac.proofs.cuts.words import question
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent, result_claim
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["ExactParts"]


class ExactParts:
    """Parts of a unit whose sum of products and accumulator is in fixed point.

    Parameters
    ----------
    parts : FloatParts
        Its lanes.
    """

    def __init__(self, parts: FloatParts) -> None:
        self._parts, self._lanes = parts, parts.lanes
        self._acc, self._format = parts.acc, parts.acc.format
        self._offset = parts.offset()
        self._product_unit = self._lanes.lowest - self._lanes.fraction_bits
        self._acc_unit = self._format.lsb_exponent
        self._unit = min(self._product_unit, self._acc_unit)

    def questions(self) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        parts = self._parts
        rows = list(self._rows.values())
        check_sum(parts.gates, parts.inside, rows, self._placed, less=self._less, most=self._most)
        yield parts.specials()
        yield from (self._place(lane) for lane in range(parts.count))
        yield self._place_acc()
        yield self._finish()

    @property
    def _less(self) -> int:
        return 1 if self._parts.is_fast else 0

    @property
    def _rows(self) -> Mapping[str, Sequence[Bit]]:
        names = ("early", "late") if self._parts.is_fast else ("value",)
        return {f"{name}_": self._parts.net(f"finish.{name}") for name in names}

    @cached_property
    def _placed(self) -> list[Placed]:
        """Words of the terms; the accumulator is the last."""
        parts = self._parts
        lanes, sign = range(parts.count), parts.gates.bus("c")[-1]
        if parts.is_fast:
            words = [parts.net(f"p{lane}_addend") for lane in lanes]
            words.append(parts.net("c_addend"))
        else:
            start = f"{parts.inside}addend"
            found = {
                int(name.removeprefix(start).removeprefix("$") or 0): net
                for name, net in parts.gates.nets.items()
                if name.startswith(start) and name.removeprefix(start).strip("$0123456789") == ""
            }
            words = [found[at] for at in sorted(found)]
        if len(words) != parts.count + 1:
            raise CutError(f"There are {len(words)} terms, not {parts.count + 1}.")
        place = self._product_unit - self._unit
        terms = [
            Placed(words[lane], product.sign, product.sign, place)
            for lane, product in enumerate(parts.products)
        ]
        return [*terms, Placed(words[-1], sign, sign, self._acc_unit - self._unit)]

    @property
    def _most(self) -> int:
        """Largest magnitude of the sum."""
        product = self._lanes.largest << self._lanes.highest - self._lanes.lowest
        product <<= self._product_unit - self._unit
        acc = self._format.max_magnitude << self._acc_unit - self._unit
        return self._parts.count * product + acc

    def _is_placed(self, addend: Sequence[Bit], significand: str, width: int, up: str) -> str:
        """That the placed words are a term, moved up."""
        wide = max(len(addend), width, EXPONENT_BITS) + 2
        got = f"(bvadd {unsigned('addend', len(addend), wide)} {unsigned('sign', 1, wide)})"
        less = f"(ite (= sign #b1) {bits(-1 << len(addend), wide)} {bits(0, wide)})"
        moved = f"(bvshl {unsigned(significand, width, wide)} {unsigned(up, EXPONENT_BITS, wide)})"
        term = f"(ite (= sign #b1) (bvneg {moved}) {moved})"
        return f"(= (bvadd {got} {less}) {term})"

    def _place(self, lane: int) -> Question:
        product, placed = self._parts.products[lane], self._placed[lane]
        given = {"e": product.exponent, "m": product.significand, "sign": [product.sign]}
        given["zero"] = [product.zero]
        width, most = len(product.significand), self._lanes.highest - self._lanes.lowest
        own = unsigned("e", len(product.exponent))
        least = exponent(self._lanes.lowest + self._offset)
        more = f"(define-fun up () (_ BitVec {EXPONENT_BITS}) (bvsub {own} {least}))\n"
        nothing = f"(= m {bits(0, width)})"
        known = f"(ite (= zero #b1) {nothing} (bvule up {exponent(most)}))"
        what = "The place of a product"
        claim = self._is_placed(placed.addend, "m", width, "up")
        claim = f"(ite {nothing} {self._is_placed(placed.addend, 'm', width, _NONE)} {claim})"
        return what, question(
            self._parts.gates,
            given,
            {"addend": placed.addend},
            claim,
            what=what,
            definitions=more,
            known=[known],
        )

    def _place_acc(self) -> Question:
        placed = self._placed[-1]
        up = f"(bvsub c_exponent {exponent(1)})"
        claim = self._is_placed(placed.addend, "c_significand", self._format.precision, up)
        what = "The place of the accumulator"
        return what, question(
            self._parts.gates,
            {"c": self._parts.gates.bus("c")},
            {"addend": placed.addend, "sign": [placed.sign]},
            claim,
            what=what,
            definitions=acc_terms(self._format, "c", "c"),
        )

    def _finish(self) -> Question:
        width = len(next(iter(self._rows.values())))
        total = bits(self._less, width)
        for row in self._rows:
            total = f"(bvadd {total} {row})"
        given = {**self._rows, **self._parts.last}
        negative = "(= negative #b1)" if "negative" in given else "false"
        known = [
            f"(bvsle value {bits(self._most, width)})",
            f"(bvsge value {bits(-self._most, width)})",
            f"(=> {negative} (bvsle value {bits(0, width)}))",
        ]
        claim = result_claim(
            self._acc,
            "y",
            value="value",
            width=width,
            power=exponent(self._unit),
            negative=negative,
            nan="(= nan #b1)",
            pos_inf="(= pos_inf #b1)",
            neg_inf="(= neg_inf #b1)",
            given=all_of(known),
        )
        what = "The rounding"
        return what, question(
            self._parts.gates,
            given,
            {"y": self._parts.gates.bus("y")},
            claim,
            what=what,
            definitions=f"(define-fun value () (_ BitVec {width}) {total})\n",
        )


_NONE = exponent(0)
