"""Where circuits have an accumulator beside products, and the sum of both: for each family."""

from collections.abc import Iterator, Sequence

from fp8mac.proofs.cuts.floats.beside import BesideParts
from fp8mac.proofs.cuts.floats.places import numbered
from fp8mac.proofs.cuts.floats.rounded import rounding
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.sums import Placed, check_sum
from fp8mac.proofs.cuts.words import Question, Words, question
from fp8mac.proofs.spec.scales import no_scale
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent, signed
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["AreaBeside", "FastBeside"]


class AreaBeside(BesideParts):
    """Of a circuit for few gates: products are added first, with their signs against its sign."""

    @property
    def acc_bits(self) -> int:
        return len(self._value) - 1

    @property
    def below(self) -> int:
        return self.acc_bits - self.precision - len(self._total) - self.drawn

    @property
    def _value(self) -> Sequence[Bit]:
        return self.parts.net("finish.value")

    @property
    def _total(self) -> Sequence[Bit]:
        return self.parts.net("total")

    @property
    def placed(self) -> list[Placed]:
        parts = self.parts
        addends, signs = (numbered(parts, each) for each in ("addend", "against"))
        # The accumulator's sign, against which they are, is another net of that name.
        signs.remove(parts.gates.bus("c")[-1:])
        if not len(addends) == len(signs) == parts.count:
            raise CutError(f"There are {len(addends)} terms, not {parts.count}.")
        return [Placed(addend, sign, sign) for addend, (sign,) in zip(addends, signs, strict=True)]

    def check_sums(self) -> None:
        parts = self.parts
        check_sum(parts.gates, parts.inside, [self._total], self.placed, most=self.most)

    def others(self) -> Iterator[Question]:
        yield self._signs()
        yield self._sum()
        yield self._rounding()

    def _signs(self) -> Question:
        """That signs are those against the accumulator's."""
        parts, count = self.parts, self.parts.count
        what = "The signs against the accumulator's"
        sign = f"((_ repeat {count}) c)"
        given = {"sign": [each.sign for each in parts.products], "c": parts.gates.bus("c")[-1:]}
        found = {"against": [each.sign for each in self.placed]}
        claim = f"(= against (bvxor sign {sign}))"
        return what, question(parts.gates, given, found, claim, what=what)

    def _sum(self) -> Question:
        """That the sum is that of the accumulator, at its place, and of the products."""
        parts, wide = self.parts, self.wide + 1
        exponent_ = parts.net("finish.exponent")
        total = f"(bvshl {signed('total', len(self._total), wide)} {bits(self.below, wide)})"
        value = signed("value", len(self._value), wide)
        highest = signed("top", len(exponent_), EXPONENT_BITS)
        claim = f"(and (= {value} (bvadd (concat #b0 jammed) {total})) (= {highest} highest))"
        what = "The sum with the accumulator"
        return what, question(
            parts.gates,
            {"total": self._total, **self.given},
            {"value": self._value, "top": exponent_},
            claim,
            what=what,
            definitions=self.definitions(f"(= total {bits(0, len(self._total))})"),
            known=self.parts.scale_known,
        )

    def _rounding(self) -> Question:
        parts = self.parts
        top = parts.net("finish.exponent")
        highest = signed("top", len(top), EXPONENT_BITS)
        return rounding(
            parts,
            {"sum": self._value},
            parts.gates.bus("y"),
            power=f"(bvsub {highest} {exponent(self.bias)})",
            most=self.most_of_all,
            given={"top": top, "c": parts.gates.bus("c")[-1:]},
            known=[self.within(highest)],
            against="(= c #b1)",
        )


class FastBeside(BesideParts):
    """Of a circuit for a short path: the accumulator is the last term of the products' tree."""

    @property
    def acc_bits(self) -> int:
        return len(self.parts.net("c_addend"))

    @property
    def below(self) -> int:
        return self.acc_bits + 2 - len(self._rows["x"])

    @property
    def _rows(self) -> Words:
        """What the tree of the products ends with."""
        return {"x": self.parts.net("products_early"), "z": self.parts.net("products_late")}

    @property
    def placed(self) -> list[Placed]:
        parts = self.parts
        words = [parts.net(f"p{lane}_addend") for lane in range(parts.count)]
        signs = [each.sign for each in parts.products]
        return [Placed(word, sign, sign) for word, sign in zip(words, signs, strict=True)]

    @property
    def _last(self) -> Words:
        return {f"{name}_": self.parts.net(f"finish.{name}") for name in ("early", "late")}

    def check_sums(self) -> None:
        parts = self.parts
        first, last = list(self._rows.values()), list(self._last.values())
        check_sum(parts.gates, parts.inside, first, self.placed, most=self.most)
        rows = [Placed(row, "0", "0", self.below) for row in first]
        sign = parts.gates.bus("c")[-1]
        acc = Placed(parts.net("c_addend"), sign, sign)
        most = self.most_of_all
        check_sum(parts.gates, parts.inside, last, [*rows, acc], less=1, most=most)

    def others(self) -> Iterator[Question]:
        yield self._place_acc()
        yield self._stays()
        yield self._rounding()

    @property
    def _words(self) -> Words:
        """What is told the rounding of places."""
        names = {"top": "exponent", "lowest": "lowest"}
        return {name: self.parts.net(f"finish.{net}") for name, net in names.items()}

    def _lowest(self, width: int, highest: str) -> str:
        """That the word ``lowest`` tells the place of the smallest normal number."""
        # The place above the accumulator's is the last of the word.
        wide = max(width, EXPONENT_BITS)
        place = f"(bvsub {exponent(width - 1)} {highest})"
        one = f"(bvshl {bits(1, wide)} ((_ zero_extend {wide - EXPONENT_BITS}) {place}))"
        one = f"((_ extract {width - 1} 0) {one})"
        return f"(= lowest (ite (bvsge {place} {exponent(0)}) {one} {bits(0, width)}))"

    def _place_acc(self) -> Question:
        parts, words = self.parts, self._words
        width = len(words["lowest"])
        sign = f"((_ repeat {self.acc_bits}) c_sign)"
        jammed = f"((_ extract {self.acc_bits - 1} 0) jammed)"
        claims = [
            f"(= addend (bvxor {sign} {jammed}))",
            "(= (= c_lost #b1) lost)",
            f"(= {signed('top', len(words['top']), EXPONENT_BITS)} (bvadd highest {exponent(1)}))",
            self._lowest(width, "highest"),
        ]
        what = "The place of the accumulator"
        return what, question(
            parts.gates,
            self.given,
            {"addend": parts.net("c_addend"), "c_lost": parts.net("c_lost"), **words},
            all_of(claims),
            what=what,
            definitions=self.definitions(),
            known=self.parts.scale_known,
        )

    def _stays(self) -> Question:
        """That the accumulator stays where products come to zero and bits of it are lost."""
        parts, rows = self.parts, self._rows
        width = len(rows["x"])
        given = {"code": parts.net("finish.code"), "c_lost": parts.net("c_lost")}
        given |= {**parts.terms, **rows}
        none = [f"(= {name} {bits(0, parts.count)})" for name in ("nan", "inf")]
        none += [f"(not {each})" for each in ("c_nan", "c_inf", *map(no_scale, parts.scales))]
        none += ["(= c_lost #b1)", f"(= total {bits(0, width)})"]
        total = f"(define-fun total () (_ BitVec {width}) (bvadd x z))\n"
        what = "Whether the accumulator stays"
        return what, question(
            parts.gates,
            given,
            {"y": parts.gates.bus("y")},
            f"(= y (ite {all_of(none)} c code))",
            what=what,
            definitions=acc_terms(parts.acc.format, "c", "c") + total,
            known=[
                f"(bvsle total {bits(self.most, width)})",
                f"(bvsge total {bits(-self.most, width)})",
            ],
        )

    def _rounding(self) -> Question:
        words = self._words
        highest = f"(bvsub {signed('top', len(words['top']), EXPONENT_BITS)} {exponent(1)})"
        return rounding(
            self.parts,
            self._last,
            self.parts.net("finish.code"),
            power=f"(bvsub {highest} {exponent(self.bias)})",
            most=self.most_of_all,
            less=1,
            given=words,
            known=[self.within(highest), self._lowest(len(words["lowest"]), highest)],
        )
