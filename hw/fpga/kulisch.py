"""Exact fixed-point (Kulisch) sum of floating-point products.

# Ref: U. Kulisch, Computer Arithmetic and Validity, 2nd ed., chapter 8
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from fp8mac.hw.fpga.add import add_to_register
from fp8mac.hw.parts.layout import NumberLayout, NumberRange
from fp8mac.hw.parts.register import FixedAccumulator

__all__ = ["LutKulischAccumulator"]


class LutKulischAccumulator(FixedAccumulator):
    """Adds a product to a fixed-point number, exactly. Combinational.

    ::

        product    significand << (exponent - exponent_min)
        y          c + product, or product where a sum begins

    The product comes in two's complement: where a sum begins, the table behind the carry chain
    takes it as it is, and no gate stands between the accumulator and the chain.

    Parameters
    ----------
    range : NumberRange
        Products, not normalised; their significand is in two's complement.
    magnitude_bits : int
        Bits of the largest product; those above mean nothing and are dropped.
    width : int
        Bits of the accumulator.
    segment_bits : int, optional
        Bits of its segments; by default it is one word.
    registers : tuple of int
        Stages of the shifter that registers stand before; those of the number of all stages stand
        behind it.

    Members
    -------
    product : :py:`In(NumberLayout(range))`
        Product.
    c : :py:`In(width)`
        Accumulator, two's complement, in units of ``2**(range.base + range.exponent_min)``.
    clear : :py:`In(1)`
        Take the accumulator for zero.
    y : :py:`Out(width)`
        ``c + product`` modulo ``2**width``; not specified where the product is infinite or NaN.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    """

    product: data.View
    clear: Signal

    def __init__(
        self,
        range: NumberRange,
        magnitude_bits: int,
        width: int,
        segment_bits: int | None = None,
        *,
        registers: tuple[int, ...] = (),
    ) -> None:
        self._range = range
        self._registers = registers
        self._magnitude_bits = magnitude_bits
        members = {"product": In(NumberLayout(range)), "clear": In(1)}
        amount = range.exponent_max.bit_length()
        held = tuple(self._shifted_bits(place) + amount - place for place in registers)
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
    def registers(self) -> tuple[int, ...]:
        """Stages of the shifter that registers stand before."""
        return self._registers

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The exponent is at least `lowest`: instead of subtracting it, the lowest places, into
        # which nothing is ever shifted, are left out.
        lowest = self._range.exponent_min
        amount = self.product.exponent.as_unsigned()[: self._range.exponent_max.bit_length()]
        aligned = self._shift_left(m, amount)[lowest:]
        addend = Signal(self._width)
        m.d.comb += addend.eq(aligned.as_signed())
        add_to_register(m, self, addend)
        return m

    def _shifted_bits(self, stages: int) -> int:
        """Bits of the significand behind so many stages of the shifter."""
        most = self._magnitude_bits + self._range.exponent_min + 1
        return min(most, self._range.significand_bits + (1 << stages) - 1)

    def _shift_left(self, m: Module, amount: Value) -> Value:
        """The significand, shifted left: a table for a bit of each stage.

        Small stages come first: there the vectors are short, and there the bits of the amount come
        early.
        """
        value: Value = self.product.significand
        gaps = dict(zip(self._registers, self.gaps, strict=True))
        for stage in range(len(amount) + 1):
            if stage in gaps:
                held = gaps[stage].cross(m, Cat(value, amount[stage:]))
                value, amount = held[: len(value)], Cat(amount[:stage], held[len(value) :])
            if stage == len(amount):
                break
            step = 1 << stage
            grown = self._shifted_bits(stage + 1)
            sign = value[-1].replicate(step)
            shifted = Signal(grown, name=f"left_{step}")
            m.d.comb += shifted.eq(
                Mux(amount[stage], Cat(Const(0, step), value)[:grown], Cat(value, sign)[:grown])
            )
            value = shifted
        return value
