"""What all parts of a proof of a sum of float products share: lanes, and what is no number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import ZeroSign
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.cuts.floats.lanes import MOST_BITS, FloatLanes, ProductWords
from fp8mac.proofs.cuts.floats.wide import WideLanes
from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.proofs.cuts.words import Question, Words, question
from fp8mac.proofs.spec.scales import E8M0_SPAN, no_scale, scale_claim
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent, signed
from fp8mac.proofs.spec.theory import all_of, any_of

__all__ = ["FloatParts"]


@dataclass(frozen=True)
class FloatParts:
    """The core of a unit, and what all parts of its proof share.

    Parameters
    ----------
    config : MacConfig
        A unit that adds several products of floats in a float accumulator.
    gates : Gates
        Its core, or the circuit in it.
    inside : str
        Prefix of the names of nets of that circuit.
    """

    config: MacConfig
    gates: Gates
    inside: str = ""

    @property
    def acc(self) -> FloatAccConfig:
        """Accumulator."""
        assert isinstance(self.config.accumulator, FloatAccConfig)
        return self.config.accumulator

    @property
    def count(self) -> int:
        """Lanes."""
        return self.config.products_per_cycle

    @cached_property
    def lanes(self) -> FloatLanes | WideLanes:
        """What they have to give."""
        wide = self.config.a.bits + self.config.b.bits > MOST_BITS
        return WideLanes(self.config) if wide else FloatLanes(self.config)

    def net(self, name: str) -> list[Bit]:
        """Bits of a net of the circuit."""
        return self.gates.bus(self.inside + name)

    @property
    def is_fast(self) -> bool:
        """Whether exponents are there before products."""
        return f"{self.inside}field_0" in self.gates.nets

    @cached_property
    def finals(self) -> dict[str, list[Bit]]:
        """What the rounding is told of all terms; NaN before two infinities are one as well."""
        signs = ("negative",) if self.acc.zero is ZeroSign.IEEE else ()
        names = ("pos_inf", "neg_inf", *signs)
        found = {name: self.net(f"finish.{name}") for name in names}
        infinite = {*found["pos_inf"], *found["neg_inf"]}
        for name, net in self.gates.nets.items():
            if re.fullmatch(r"nan(\$[0-9]+)?", name.removeprefix(f"{self.inside}finish.")):
                _, ends = self.gates.cone(net, infinite)
                if not infinite & {*ends}:
                    return {"nan": net, **found}
        raise CutError("There is no net of NaN to cut at.")

    @property
    def last(self) -> dict[str, list[Bit]]:
        """What the rounding is told beside the sum: a random number as well, where there is one."""
        drawn = {"random": self.gates.bus("random")} if self.acc.random_bits else {}
        return self.finals | drawn

    @cached_property
    def products(self) -> list[ProductWords]:
        """Words of each lane's product."""
        found = []
        for lane in range(self.count):
            of = f"product_{lane}.product"
            sign, zero, nan, inf = (
                self.net(f"{of}.{name}")[0] for name in ("sign", "zero", "nan", "inf")
            )
            early = "early." if self.is_fast else ""
            significand = self.net(f"{of}.{early}significand")
            exponent = self.net(f"field_{lane}" if self.is_fast else f"exponent_{lane}")
            found.append(ProductWords(sign, zero, significand, exponent, nan, inf))
        return found

    def offset(self) -> int:
        """Prove the lanes; what is added to the exponents of their products."""
        found = {
            self.lanes.check(self.gates, lane, words) for lane, words in enumerate(self.products)
        }
        if len(found) > 1:
            raise CutError("The exponents of lanes are not counted from the same one.")
        return found.pop()

    @property
    def terms(self) -> dict[str, list[Bit]]:
        """What says which terms are no numbers: ``nan``, ``inf``, ``sign`` of lanes, others."""
        names = ("nan", "inf", "sign")
        lanes = {name: [getattr(each, name) for each in self.products] for name in names}
        return {**lanes, "c": self.gates.bus("c"), **self.scales}

    @property
    def scale_pairs(self) -> list[dict[str, list[Bit]]]:
        """Codes of the scales of each pair of blocks, where operands are such."""
        count = 0 if self.config.block is None else self.config.scales_per_cycle
        codes = {name: self.gates.bus(name) for name in ("sa", "sb") if count}
        return [
            {name: code[8 * k : 8 * k + 8] for name, code in codes.items()} for k in range(count)
        ]

    @property
    def scales(self) -> dict[str, list[Bit]]:
        """Codes of all scales of blocks, where operands are such."""
        pairs = self.scale_pairs
        if len(pairs) == 1:
            return pairs[0]
        return {f"{name}_{k}": code for k, pair in enumerate(pairs) for name, code in pair.items()}

    @property
    def scale_word(self) -> dict[str, list[Bit]]:
        """Exponent of the scales of blocks, where operands are such."""
        return {} if self.config.block is None else {"scale": self.net("scale_0")}

    @property
    def scale_exponent(self) -> str:
        """Term of the exponent of the scales; zero where there are none."""
        if not (found := self.scale_word):
            return exponent(0)
        return signed("scale", len(found["scale"]), EXPONENT_BITS)

    @property
    def scale_known(self) -> list[str]:
        """What is known of it, as scales that are NaN are told to the end."""
        least, most = map(exponent, E8M0_SPAN if self.scale_word else (0, 0))
        scale = self.scale_exponent
        return [f"(bvsge {scale} {least})", f"(bvsle {scale} {most})"]

    def scale(self) -> Iterator[Question]:
        """That the scales of blocks are multiplied, where operands are such."""
        what = "The exponent of the scales"
        if found := self.scale_word:
            claim = scale_claim("sa", "sb", "scale", len(found["scale"]))
            yield what, question(self.gates, self.scales, found, claim, what=what)

    def lane_questions(self) -> Iterator[Question]:
        """What is left to a solver of lanes whose operands cannot all be tried."""
        lanes = self.lanes
        if isinstance(lanes, WideLanes):
            offset = self.offset()
            for lane, words in enumerate(self.products):
                inside = f"{self.inside}product_{lane}."
                yield from lanes.questions(self.gates, inside, lane, words, offset)

    def specials(
        self,
        *,
        with_acc: bool = True,
        beyond: Sequence[Bit] = (),
        zero: tuple[Words, str] | None = None,
    ) -> Question:
        """That what is no number is told to the end, and whether all signs are negative.

        Parameters
        ----------
        with_acc : bool
            Whether the accumulator is among the terms.
        beyond : sequence of Bit
            Of each lane whether its product is as good as infinite where all terms are numbers.
        zero : tuple, optional
            Other words, and whether a zero is negative; otherwise it is where all terms are.
        """
        given: dict[str, Sequence[Bit]] = {**self.terms}
        given |= {"beyond": beyond} if beyond else {}
        found = {f"finish_{name}": word for name, word in self.finals.items()}
        lanes = range(self.count)

        def one(name: str, lane: int, value: int = 1) -> str:
            return f"(= ((_ extract {lane} {lane}) {name}) #b{value})"

        def infinite(name: str, value: int) -> list[str]:
            return [f"(and {one(name, lane)} {one('sign', lane, value)})" for lane in lanes]

        block = self.config.block
        scales = (no_scale(each, block.scale) for each in self.scales if block is not None)
        nan = any_of([*(one("nan", lane) for lane in lanes), *["c_nan"] * with_acc, *scales])
        numbers = all_of(f"(not {each})" for each in [*infinite("inf", 0), *infinite("inf", 1)])
        claims = []
        for value, sign in enumerate(("pos", "neg")):
            each = infinite("inf", value)
            each += [f"(and c_inf (= c_sign #b{value}))"] * with_acc
            if beyond:
                none = f"(and (not c_inf) {numbers})"
                each.append(f"(and {none} {any_of(infinite('beyond', value))})")
            claims.append(f"(= (= finish_{sign}_inf #b1) {any_of(each)})")
        signs = ["(= c_sign #b1)"] * with_acc
        negative = all_of([*(one("sign", lane) for lane in lanes), *signs])
        if zero is not None and "negative" in self.finals:
            words, negative = zero
            given |= words
        claim = f"(and (= (= finish_nan #b1) {nan}) (=> (not {nan}) {all_of(claims)}))"
        if "negative" in self.finals:
            claim = f"(and {claim} (= (= finish_negative #b1) {negative}))"
        what = "Which terms are no numbers"
        definitions = acc_terms(self.acc.format, "c", "c")
        return what, question(self.gates, given, found, claim, what=what, definitions=definitions)
