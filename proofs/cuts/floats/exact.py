"""Parts of an exact sum: every term has its place in one frame, and the sum is rounded once."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from fp8mac.proofs.cuts.adders import adder_rows
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.places import is_placed, largest_sum, numbered, place_of_product
from fp8mac.proofs.cuts.floats.rounded import rounding
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.sums import Placed, check_sum
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.terms import acc_terms, exponent

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
        for lane in range(parts.count):
            yield place_of_product(parts, lane, self._placed[lane], offset=self._offset)
        yield self._place_acc()
        y, power = parts.gates.bus("y"), exponent(self._unit)
        yield rounding(parts, self._rows, y, power=power, most=self._most, less=self._less)

    @property
    def _less(self) -> int:
        return 1 if self._parts.is_fast else 0

    @property
    def _rows(self) -> Mapping[str, Sequence[Bit]]:
        parts = self._parts
        if not parts.is_fast and (adder := adder_rows(parts.gates, f"{parts.inside}total")):
            return adder
        names = ("early", "late") if parts.is_fast else ("value",)
        return {f"{name}_": parts.net(f"finish.{name}") for name in names}

    @cached_property
    def _placed(self) -> list[Placed]:
        """Words of the terms; the accumulator is the last."""
        parts = self._parts
        lanes, sign = range(parts.count), parts.gates.bus("c")[-1]
        if parts.is_fast:
            words = [*(parts.net(f"p{lane}_addend") for lane in lanes), parts.net("c_addend")]
        else:
            words = numbered(parts, "addend")
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
        product = largest_sum(self._parts) << self._product_unit - self._unit
        return product + (self._format.max_magnitude << self._acc_unit - self._unit)

    def _place_acc(self) -> Question:
        placed = self._placed[-1]
        up = f"(bvsub c_exponent {exponent(1)})"
        claim = is_placed(len(placed.addend), "c_significand", self._format.precision, up)
        what = "The place of the accumulator"
        return what, question(
            self._parts.gates,
            {"c": self._parts.gates.bus("c")},
            {"addend": placed.addend, "sign": [placed.sign]},
            claim,
            what=what,
            definitions=acc_terms(self._format, "c", "c"),
        )
