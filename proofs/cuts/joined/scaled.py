"""Parts of a unit that adds blocks in groups: each exactly, times its scales, and then in a window.

::

    products --> places --> group, exactly --> times scales --+
    ...                                                       +--> join --> finish --> y
    c --------------------------------------------------------+
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from fp8mac.hw.config.blocks import ScaleFormat, SharedScale
from fp8mac.proofs.cuts.adders import adder_rows
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.places import largest_sum, numbered, place_of_product
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.joined.aligned import Aligned, KeptTerm, rounded
from fp8mac.proofs.cuts.joined.terms import TermWords, acc_term, magnitude_of
from fp8mac.proofs.cuts.multipliers import BitProducts
from fp8mac.proofs.cuts.sums import Placed, check_sum
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.scales import E8M0_SPAN, UE4M3_SPAN, factor_claim, scale_claim
from fp8mac.proofs.spec.terms import EXPONENT_BITS, signed, unsigned
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["ScaledParts"]

_MOST_FACTOR = 15 * 15
_FACTOR_FRACTION = 6


@dataclass(frozen=True)
class ScaledParts:
    """Parts that follow the lanes of a unit.

    Parameters
    ----------
    parts : FloatParts
        Its lanes.
    """

    parts: FloatParts

    @property
    def _block(self) -> SharedScale:
        block = self.parts.config.block
        assert block is not None
        return block

    @property
    def _multiplies(self) -> bool:
        """Whether scales have significands."""
        return self._block.scale is ScaleFormat.UE4M3

    @property
    def _run(self) -> int:
        """Lanes of a group, which are neighbours."""
        groups = self.parts.config.summation.groups
        assert groups is not None
        return groups.run

    def questions(self) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        join = self.parts.config.summation.join
        assert join is not None
        groups = range(self.parts.count // self._run)
        yield self.parts.specials(zero=self._zero())
        yield from (self._scale(k) for k in range(self.parts.config.scales_per_cycle))
        for group in groups:
            yield from self._group(group)
        terms = [*(self._term(group) for group in groups), acc_term(self.parts)]
        kept = [KeptTerm(term, join.bits - 1) for term in terms]
        base = min(term.lowest for term in terms)
        total = Aligned(self.parts, "join", kept, join.cut, base, "sum")
        yield from total.questions()
        yield rounded(total, self.parts.gates.bus("y"))

    # Scales.

    def _words(self, k: int) -> dict[str, list[Bit]]:
        """What the circuit tells of a product of scales."""
        found = {"scale": self.parts.net(f"scale_{k}")}
        if self._multiplies:
            found["factor"] = self.parts.net(f"scale_{k}_significand")
            found["present"] = self.parts.net(f"scale_{k}_present")
        return found

    def _scale(self, k: int) -> Question:
        found, definitions = self._words(k), ""
        width = len(found["scale"])
        claim = scale_claim("sa", "sb", "scale", width)
        if self._multiplies:
            claim, definitions = factor_claim("sa", "sb", "scale", width)
        what, codes = "The product of scales", self.parts.scale_pairs[k]
        return what, question(
            self.parts.gates, codes, found, claim, what=what, definitions=definitions
        )

    def _zero(self) -> tuple[dict[str, list[Bit]], str]:
        """Words of sums, and whether a zero is negative: where all its terms are, cut or not."""
        words: dict[str, list[Bit]] = {}
        each = ["(= c_sign #b1)"]
        for group in range(self.parts.count // self._run):
            words[f"below_{group}"] = self._total(group)[-1:]
            below = f"(= below_{group} #b1)"
            if self._multiplies:
                words[f"present_{group}"] = self._words(self._pair(group))["present"]
                below = f"(and {below} (= present_{group} #b1))"
            lanes = range(group * self._run, (group + 1) * self._run)
            zero = all_of(f"(= ((_ extract {lane} {lane}) sign) #b1)" for lane in lanes)
            each.append(f"(or {below} {zero})")
        return words, all_of(each)

    # Groups.

    @cached_property
    def _offset(self) -> int:
        return self.parts.offset()

    @property
    def _most(self) -> int:
        """Largest magnitude of the sum of a group."""
        return largest_sum(self.parts, self._run)

    def _total(self, group: int) -> list[Bit]:
        return numbered(self.parts, f"group_{group}.total")[-1]  # behind that of an adder

    def _group(self, group: int) -> Iterator[Question]:
        """That its products are added exactly, and multiplied by the scales."""
        parts, total = self.parts, self._total(group)
        inside = f"{parts.inside}group_{group}."
        rows = adder_rows(parts.gates, f"{inside}total") or {"total": total}
        lanes = range(group * self._run, (group + 1) * self._run)
        addends = numbered(parts, f"group_{group}.addend")
        if len(addends) != self._run:
            raise CutError(f"There are {len(addends)} terms in a group, not {self._run}.")
        signs = [parts.products[lane].sign for lane in lanes]
        placed = [Placed(word, sign, sign) for word, sign in zip(addends, signs, strict=True)]
        check_sum(parts.gates, inside, list(rows.values()), placed, most=self._most)
        for lane, term in zip(lanes, placed, strict=True):
            yield place_of_product(parts, lane, term, offset=self._offset)
        if len(rows) > 1:
            what, claim = "The last addition of a group", "(= total (bvadd row_x row_z))"
            yield what, question(parts.gates, rows, {"total": total}, claim, what=what)
        if self._multiplies:
            yield self._product(group)

    def _product(self, group: int) -> Question:
        """That the sum's magnitude is multiplied by the significand of the scales."""
        parts, value = self.parts, self._total(group)
        magnitude = parts.net(f"group_{group}_significand")
        factor = self._words(self._pair(group))["factor"]
        products = BitProducts.of(parts.gates, magnitude, factor)
        products.check(parts.inside, [products.word(parts.net(f"group_{group}_scaled"))])
        what, width = "The magnitude of a group's sum", len(value)
        claim = f"(= {unsigned('magnitude', len(magnitude), width)} {magnitude_of('value', width)})"
        return what, question(
            parts.gates,
            {"value": value},
            {"magnitude": magnitude},
            claim,
            what=what,
            known=self._bounds("value", width),
        )

    def _bounds(self, name: str, width: int) -> tuple[str, str]:
        most, least = bits(self._most, width), bits(-self._most, width)
        return f"(bvsle {name} {most})", f"(bvsge {name} {least})"

    def _pair(self, group: int) -> int:
        """Which scales a group has."""
        return group * self._run // self._block.size

    def _term(self, group: int) -> TermWords:
        """The sum of a group, times its scales; it counts where they are not zero."""
        lanes, value = self.parts.lanes, self._total(group)
        words = self._words(self._pair(group))
        scale = signed("scale{k}", len(words["scale"]), EXPONENT_BITS)
        fraction = lanes.fraction_bits - lanes.lowest
        if not self._multiplies:
            return TermWords(
                {"value{k}": value, "scale{k}": words["scale"]},
                "true",
                scale,
                magnitude_of("value{k}", len(value)),
                len(value),
                f"((_ extract {len(value) - 1} {len(value) - 1}) value{{k}})",
                fraction,
                self._most,
                *E8M0_SPAN,
                known=self._bounds("value{k}", len(value)),
            )
        scaled = self.parts.net(f"group_{group}_scaled")
        most = self._most * _MOST_FACTOR
        return TermWords(
            {
                "scaled{k}": scaled,
                "sign{k}": value[-1:],
                "scale{k}": words["scale"],
                "present{k}": words["present"],
            },
            "(= present{k} #b1)",
            scale,
            "scaled{k}",
            len(scaled),
            "sign{k}",
            fraction + _FACTOR_FRACTION,
            most,
            *UE4M3_SPAN,
            known=(f"(bvule scaled{{k}} {bits(most, len(scaled))})",),
        )
