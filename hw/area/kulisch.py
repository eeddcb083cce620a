"""Exact fixed-point (Kulisch) sum of floating-point products.

# Ref: U. Kulisch, Computer Arithmetic and Validity, 2nd ed., chapter 8
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberLayout, NumberRange
from fp8mac.hw.parts.prefix import plus
from fp8mac.hw.parts.register import FixedAccumulator
from fp8mac.hw.parts.segments import add_number
from fp8mac.hw.parts.shifter import shift_left

__all__ = ["KulischAccumulator", "align"]


class KulischAccumulator(FixedAccumulator):
    """Adds a product to a fixed-point number, exactly. Combinational.

    ::

        product    significand << (exponent - exponent_min)         magnitude_bits
        y          c[guard]  |  c[low] + (product ^ sign) + sign    width

    The complement of a negative product is taken behind the shifter, and its sign extension is not
    added: the guard bits count up where the low part carries out of a positive product, and down
    where it does not out of a negative one.

    Parameters
    ----------
    range : NumberRange
        Products, not normalised.
    magnitude_bits : int
        Bits of the largest product; those above mean nothing and are dropped.
    width : int
        Bits of the accumulator.
    segment_bits : int, optional
        Bits of its segments, see `fp8mac.hw.parts.segments`; by default it is one word.
    adder : Adder
        How carries run, but through the guard bits.
    is_held : bool
        Whether a register holds the aligned product.

    Members
    -------
    product : :py:`In(NumberLayout(range))`
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
        range: NumberRange,
        magnitude_bits: int,
        width: int,
        segment_bits: int | None = None,
        *,
        adder: Adder = Adder.RIPPLE,
        is_held: bool = False,
    ) -> None:
        self._adder = adder
        self._range = range
        self._magnitude_bits = magnitude_bits
        members = {"product": In(NumberLayout(range))}
        held = (magnitude_bits + 1,) if is_held else ()
        super().__init__(members, width, segment_bits, held)

    @property
    def range(self) -> NumberRange:
        """Range of the products."""
        return self._range

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
        bits, product = self._magnitude_bits, self.product
        aligned = align(m, product, self._range, bits)
        sign: Value = product.sign
        addend: Value = Signal(bits, name="addend")
        made = [addend.eq(aligned ^ sign.replicate(bits))]
        if self.gaps or self._segment_bits is not None:
            m.d.comb += made
            made = []  # else it stands behind the adder, as in what was proved
        for gap in self.gaps:
            held = gap.cross(m, Cat(addend, sign))
            addend, sign = held[:-1], held[-1]
        if self._segment_bits is not None:
            register = (self.c, self.c_carry)
            sums = add_number(m, register, self._segment_bits, addend, sign=sign, one=sign)
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        low = Signal(bits + 1)
        signed = Cat(sign, addend)
        total = plus(m, Cat(1, self.c[:bits]), signed, bits + 2, "sum", adder=self._adder)
        m.d.comb += [*made, low.eq(total[1:])]
        # One chain counts both ways: a guard bit toggles while all bits below it are at the end
        # of their range, ones on the way up and zeros on the way down.
        guard = Signal(self._width - bits)
        step = low[-1] ^ sign
        for place, bit in enumerate(self.c[bits:]):
            m.d.comb += guard[place].eq(bit ^ step)
            chain = Signal(name=f"count_{place}")
            m.d.comb += chain.eq(step & (bit ^ sign))
            step = chain
        m.d.comb += self.y.eq(Cat(low[:-1], guard))
        return m


def align(m: Module, product: data.View, range: NumberRange, bits: int) -> Value:
    """Magnitude of a product that is not normalised, in units of the smallest one.

    Parameters
    ----------
    product : View
        Of the layout ``NumberLayout(range)``.
    range : NumberRange
        Products.
    bits : int
        Bits of the largest one; those above mean nothing and are dropped.
    """
    # The exponent is at least `lowest`: instead of subtracting it, the lowest places, into which
    # nothing is ever shifted, are left out.
    lowest = range.exponent_min
    amount = product.exponent.as_unsigned()[: range.exponent_max.bit_length()]
    return shift_left(m, product.significand, amount, bits + lowest)[lowest:]
