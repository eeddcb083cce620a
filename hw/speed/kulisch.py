"""Exact fixed-point (Kulisch) sum of floating-point products, for a short path.

# Ref: U. Kulisch, Computer Arithmetic and Validity, 2nd ed., chapter 8
"""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberRange, product_range
from fp8mac.hw.parts.prefix import add, wire
from fp8mac.hw.parts.register import FixedAccumulator
from fp8mac.hw.parts.segments import add_number
from fp8mac.hw.parts.shifter import shift_left
from fp8mac.hw.speed.product import FactoredLayout

__all__ = ["FastKulischAccumulator", "align"]

_LATE = 400
"""When an aligned product is there, the accumulator being there at the start."""


class FastKulischAccumulator(FixedAccumulator):
    """`fp8mac.hw.area.kulisch.KulischAccumulator`, for a short path. Combinational.

    ::

        exponent_a + exponent_b    low bits, early      high bits, late
                                        |                    |
        product   significand ----> multiplexers ----> one of the groups ----+
                                                                             v
        y      sign ^ ( (c ^ sign)  ------------------------------------->   + )

    A product is never negated: where it is negative the accumulator is complemented, which is
    early, and so is the sum, whose complement comes with its last gate at no cost. In segments it
    is negated, because a carry of a complemented sum is none of the sum.

    Parameters
    ----------
    factors : tuple of NumberRange
        Decoded operands, not normalised.
    magnitude_bits : int
        Bits of the largest product; those above mean nothing and are dropped.
    width : int
        Bits of the accumulator.
    segment_bits : int, optional
        Bits of its segments; by default it is one word.
    adder : Adder
        How carries run.
    is_held : bool
        Whether a register holds the aligned product.

    Members
    -------
    product : :py:`In(FactoredLayout(*factors))`
        Product.
    c : :py:`In(width)`
        Accumulator, two's complement, in units of ``2**(range.base + range.exponent_min)``.
    y : :py:`Out(width)`
        ``c + product`` modulo ``2**width``; not specified where the product is infinite or NaN.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    """

    product: data.View

    def __init__(
        self,
        factors: tuple[NumberRange, NumberRange],
        magnitude_bits: int,
        width: int,
        segment_bits: int | None = None,
        *,
        adder: Adder = Adder.FITTED,
        is_held: bool = False,
    ) -> None:
        self._adder = adder
        self._factors = factors
        self._magnitude_bits = magnitude_bits
        members = {"product": In(FactoredLayout(*factors))}
        held = (magnitude_bits + 1,) if is_held else ()
        super().__init__(members, width, segment_bits, held)

    @property
    def factors(self) -> tuple[NumberRange, NumberRange]:
        """Ranges of the decoded operands."""
        return self._factors

    @property
    def magnitude_bits(self) -> int:
        """Bits of the largest product."""
        return self._magnitude_bits

    @property
    def is_held(self) -> bool:
        """Whether a register holds the aligned product."""
        return bool(self.gaps)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sign: Value = self.product.sign
        aligned = align(m, self.product, self._factors, self._magnitude_bits, self._adder)
        for gap in self.gaps:
            held = gap.cross(m, Cat(aligned, sign))
            aligned, sign = held[:-1], held[-1]
        if self._segment_bits is not None:
            addend = wire(m, aligned ^ sign.replicate(self._magnitude_bits), "addend")
            register = (self.c, self.c_carry)
            sums = add_number(m, register, self._segment_bits, addend, sign=sign, one=sign)
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        flipped = wire(m, self.c ^ sign.replicate(self._width), "flipped")
        addend = Cat(aligned, Const(0, self._width - self._magnitude_bits))
        arrivals = [_LATE] * self._magnitude_bits
        total = add(m, flipped, addend, arrivals=arrivals, adder=self._adder)
        m.d.comb += self.y.eq(total[: self._width] ^ sign.replicate(self._width))
        return m


_FINE = 3
"""Bits of the exponent that shift by multiplexers."""


def align(
    m: Module,
    product: data.View,
    factors: tuple[NumberRange, NumberRange],
    bits: int,
    adder: Adder,
) -> Value:
    """Magnitude of a product that is not normalised, in units of the smallest one.

    Parameters
    ----------
    product : View
        Of the layout ``FactoredLayout(*factors)``.
    factors : tuple of NumberRange
        Decoded operands.
    bits : int
        Bits of the largest product; those above mean nothing and are dropped.
    adder : Adder
        How carries run where exponents are added.
    """
    range_ = product_range(*factors)
    lowest = range_.exponent_min
    amount_bits = range_.exponent_max.bit_length()
    first, second = (
        Cat(exponent, Const(0, amount_bits))[:amount_bits]
        for exponent in (product.early.exponent_a, product.early.exponent_b)
    )
    total = add(m, first, second, name="amount", adder=adder)
    amount = wire(m, total[:amount_bits], "amount")
    fine = min(_FINE, amount_bits)
    near = wire(
        m,
        shift_left(
            m,
            product.early.significand,
            amount[:fine],
            len(product.early.significand) + (1 << fine) - 1,
        ),
        "near",
    )
    # The exponents are at least `lowest`: the places below are left out.
    aligned: Value = Const(0, bits + lowest)
    for group in range(1 << amount_bits - fine):
        chosen = amount[fine:] == group
        placed = Cat(Const(0, group << fine), near)[: bits + lowest]
        aligned |= placed & chosen.replicate(len(placed))
    return wire(m, aligned[lowest:], "aligned")
