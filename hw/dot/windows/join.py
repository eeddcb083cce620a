"""Sum of a few terms, each with an exponent of its own, in one window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.dot.windows.maximum import Maximum
from fp8mac.hw.dot.windows.place import Place
from fp8mac.hw.dot.windows.terms import Addend, Sum, wire_signed
from fp8mac.hw.dot.windows.total import Total, minus
from fp8mac.hw.parts.prefix import wire

__all__ = ["JoinedSum", "Kept", "TermShape", "join"]


@dataclass(frozen=True)
class TermShape:
    """What is known of a term.

    Parameters
    ----------
    significand_bits : int
        Of its magnitude; if it is ``complemented``, of its two's complement without the sign.
    fraction_bits : int
        Places of that below its exponent.
    kept_bits : int
        Places that are kept below the largest exponent.
    complemented : bool
        Whether it is in two's complement, and cut by flooring.
    drop : int, optional
        Distance of exponents beyond which it counts as zero.
    """

    significand_bits: int
    fraction_bits: int
    kept_bits: int
    complemented: bool = False
    drop: int | None = None

    @property
    def field_bits(self) -> int:
        """Places from its top bit down to the last one that is kept."""
        return self.significand_bits - self.fraction_bits + self.kept_bits

    @property
    def most(self) -> int:
        """Largest number of last places that it is, however it is cut."""
        return 1 << self.field_bits


class JoinedSum(wiring.Component):
    """Aligns a few terms to the largest of their exponents, cuts them off, and adds them.

    Parameters
    ----------
    shapes : sequence of TermShape
        The terms.
    exponent_bits : int
        Of each exponent, unsigned.
    cut : TermCut
        What becomes of bits below.
    adder : Adder
        How carries run.

    Members
    -------
    significands : :py:`In(StructLayout)`
        Magnitudes ``t0``, ``t1``, ...; zero where a term is not present.
    exponents : :py:`In(ArrayLayout(exponent_bits, terms))`
        Exponents.
    signs, present : :py:`In(terms)`
        Signs; whether terms set an exponent.
    value : :py:`Out(value_bits)`
        Sum, in units of ``2**(largest - fraction_bits)``.
    largest : :py:`Out(exponent_bits)`
        Largest exponent; 0 if no term is present.
    """

    significands: data.View
    exponents: data.View
    signs: Signal
    present: Signal
    value: Signal
    largest: Signal

    def __init__(
        self,
        shapes: Sequence[TermShape],
        exponent_bits: int,
        cut: TermCut,
        adder: Adder = Adder.RIPPLE,
    ) -> None:
        self._shapes = tuple(shapes)
        self._cut = cut
        self._adder = adder
        terms = len(self._shapes)
        names = {f"t{k}": shape.significand_bits for k, shape in enumerate(self._shapes)}
        super().__init__(
            {
                "significands": In(data.StructLayout(names)),
                "exponents": In(data.ArrayLayout(exponent_bits, terms)),
                "signs": In(terms),
                "present": In(terms),
                "value": Out(self.value_bits),
                "largest": Out(exponent_bits),
            }
        )

    @property
    def fraction_bits(self) -> int:
        """Places of the sum below the largest exponent."""
        return max(shape.kept_bits for shape in self._shapes)

    @property
    def value_bits(self) -> int:
        """Of the sum, two's complement."""
        last = self.fraction_bits
        return sum(each.most << last - each.kept_bits for each in self._shapes).bit_length() + 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        terms = len(self._shapes)
        bits = len(self.largest)
        m.submodules.maximum = maximum = Maximum(terms, bits)
        m.d.comb += maximum.present.eq(self.present)
        for term in range(terms):
            m.d.comb += maximum.exponents[term].eq(self.exponents[term])
        m.d.comb += self.largest.eq(maximum.largest)
        total = Total(m, self.value_bits, self._adder)
        for term, shape in enumerate(self._shapes):
            unit = Place(
                shape.significand_bits,
                shape.field_bits,
                bits,
                self._cut,
                complemented=shape.complemented,
            )
            m.submodules[f"place_{term}"] = unit
            significand: Value = self.significands[f"t{term}"]
            sign: Value = self.signs[term]
            distance = minus(
                m, self.largest, self.exponents[term], bits, f"distance_{term}", adder=self._adder
            )
            if shape.drop is not None:
                stays = wire(m, distance <= shape.drop, f"stays_{term}")
                significand = significand & stays.replicate(len(significand))
                sign = sign & stays
            m.d.comb += [
                unit.sign.eq(sign),
                unit.significand.eq(significand),
                unit.distance.eq(distance),
            ]
            total.add([unit], self.fraction_bits - shape.kept_bits)
        m.d.comb += self.value.eq(total.elaborate())
        return m


class Kept(NamedTuple):
    """A term of `join`, and what is kept of it, see `TermShape`."""

    number: Addend
    kept_bits: int
    drop: int | None = None


def join(
    m: Module, name: str, parts: Sequence[Kept], cut: TermCut, adder: Adder = Adder.RIPPLE
) -> Sum:
    """Add a `JoinedSum` to ``m``; the sum of the parts."""
    lowest = min(part.number.lowest for part in parts)
    highest = max(part.number.highest for part in parts)
    # Below a negative number in two's complement are zeros, which come complemented.
    pads = [
        max(0, part.kept_bits - part.number.fraction_bits) if part.number.complemented else 0
        for part in parts
    ]
    shapes = [
        TermShape(
            len(part.number.significand) + pad,
            part.number.fraction_bits + pad,
            part.kept_bits,
            part.number.complemented,
            part.drop,
        )
        for part, pad in zip(parts, pads, strict=True)
    ]
    bits = max((highest - lowest).bit_length(), 1)
    m.submodules[name] = unit = JoinedSum(shapes, bits, cut, adder)
    for term, (part, pad) in enumerate(zip(parts, pads, strict=True)):
        number = part.number
        significand = Cat(number.sign.replicate(pad), number.significand)
        m.d.comb += [
            unit.significands[f"t{term}"].eq(significand),
            unit.exponents[term].eq(number.exponent - lowest),
            unit.signs[term].eq(number.sign),
            unit.present[term].eq(number.present),
        ]
    exponent = wire_signed(m, Cat(unit.largest, 0).as_signed() + lowest, f"{name}_exponent")
    some = wire(m, unit.present.any(), f"{name}_some")
    return Sum(unit.value, exponent, some, unit.fraction_bits, lowest, highest)
