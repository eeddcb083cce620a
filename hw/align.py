"""Bringing an exact product and a floating-point accumulator to one exponent.

The sum is made in a *field* of places, with the larger exponent at place 0::

     place     1  |  0   -1   -2  ...                              -L  |  -L-1
               c  |  x    x    x   x   x   x   x   x   x   x   x   x   |    s
             carry   leading one of the larger number                    sticky

The product is not normalised: its leading one is at place 0 or -1. ``L = max(product bits,
precision + 2)`` keeps every bit that a cancellation can bring to light: where bits are lost into
the sticky bit, the leading one of the sum is at place -2 or above, and rounding takes places -2 to
-(p + 1), the bit below, and whether anything is left.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config import FloatAccConfig
from fp8mac.hw.layout import NumberLayout, NumberRange
from fp8mac.hw.shifter import shift_right_sticky

__all__ = ["Align", "Field"]


@dataclass(frozen=True)
class Field:
    """Widths and offsets that follow from the products and the accumulator.

    Parameters
    ----------
    range : NumberRange
        Products of normalised operands.
    config : FloatAccConfig
        Accumulator.
    """

    range: NumberRange
    config: FloatAccConfig

    @property
    def bits(self) -> int:
        """Places 0 to -L, without carry and sticky bit."""
        return max(self.range.significand_bits, self.config.format.precision + 2) + 1

    @property
    def exponent_offset(self) -> int:
        """What turns a product's exponent into that of its top bit, biased like the accumulator."""
        top = self.range.base + self.range.significand_bits - 1
        return top + self.config.format.exponent_bias

    @property
    def exponent_bits(self) -> int:
        """Width of the larger exponent, which is at least 1."""
        format_ = self.config.format
        accumulator = (1 << format_.exponent_bits) - 1
        return max(self.range.exponent_max + self.exponent_offset, accumulator).bit_length()

    @property
    def product_exponent_shape(self) -> Shape:
        """Shape of the product's exponent, modulo what its two uses need."""
        return signed(max(self.exponent_bits, self.difference_shape.width))

    @property
    def base_shape(self) -> Shape:
        """Shape of the exponent less the normalising shift; negative only if subnormals flush."""
        shift_bits = self.bits.bit_length()
        return signed(max(self.exponent_bits, shift_bits * (not self.config.subnormals)) + 1)

    @property
    def difference_shape(self) -> Shape:
        """Shape of the accumulator's exponent less the product's."""
        format_ = self.config.format
        most = (1 << format_.exponent_bits) - 1 - (self.range.exponent_min + self.exponent_offset)
        least = 1 - (self.range.exponent_max + self.exponent_offset)
        return signed(max(most, ~least, 1).bit_length() + 1)


class Align(wiring.Component):
    """Larger number, and the smaller one shifted to its exponent. Combinational.

    Members
    -------
    product : :py:`In(NumberLayout(field.range))`
        Product of normalised operands.
    c : :py:`In(format.bits)`
        Accumulator code.
    keep : :py:`In(1)`
        Count the product as zero.
    accumulator_larger : :py:`Out(1)`
        The accumulator has the larger exponent, or an equal one.
    exponent : :py:`Out(field.exponent_bits)`
        Exponent of place 0, biased like the accumulator.
    larger : :py:`Out(field.bits)`
        Significand of the number with the larger exponent.
    smaller : :py:`Out(field.bits)`
        Significand of the other one.
    sticky : :py:`Out(1)`
        Whether ``smaller`` lost ones.
    """

    product: data.View
    c: Signal
    keep: Signal
    accumulator_larger: Signal
    exponent: Signal
    larger: Signal
    smaller: Signal
    sticky: Signal

    def __init__(self, field: Field) -> None:
        self._field = field
        super().__init__(
            {
                "product": In(NumberLayout(field.range)),
                "c": In(field.config.format.bits),
                "keep": In(1),
                "accumulator_larger": Out(1),
                "exponent": Out(field.exponent_bits),
                "larger": Out(field.bits),
                "smaller": Out(field.bits),
                "sticky": Out(1),
            }
        )

    @property
    def field(self) -> Field:
        """Widths."""
        return self._field

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field, format_ = self._field, self._field.config.format
        stored = self.c[format_.mantissa_bits : -1]
        normal = Signal()
        mantissa = self.c[: format_.mantissa_bits]
        if not field.config.subnormals:
            mantissa = Mux(normal, mantissa, 0)
        significand = Cat(mantissa, normal)
        product_exponent = Signal(field.product_exponent_shape)
        accumulator_exponent = Signal(format_.exponent_bits)
        difference = Signal(field.difference_shape)
        m.d.comb += [
            normal.eq(stored.any()),
            accumulator_exponent.eq(stored | ~normal),
            product_exponent.eq(self.product.exponent + field.exponent_offset),
            difference.eq(accumulator_exponent - product_exponent),
        ]
        larger = self.accumulator_larger
        factor = self.product.significand
        m.d.comb += [
            larger.eq(~difference[-1] | self.keep),
            self.exponent.eq(Mux(larger, accumulator_exponent, product_exponent)),
            self.larger.eq(
                Mux(larger, _at_top(significand, field.bits), _at_top(factor, field.bits))
            ),
        ]
        # Without the end-around one, -d - 1 is the complement of d: the accumulator, where it is
        # the smaller number, enters one place further right.
        width = max(len(factor), len(significand) + 1)
        smaller = Signal(width)
        m.d.comb += smaller.eq(
            Mux(larger, _at_top(factor, width), _at_top(Cat(significand, 0), width))
        )
        shifted, sticky = shift_right_sticky(m, smaller, self._amount(m, difference), field.bits)
        m.d.comb += [self.smaller.eq(shifted), self.sticky.eq(sticky & ~self.keep)]
        return m

    def _amount(self, m: Module, difference: Signal) -> Value:
        """Distance of the exponents; all ones if beyond the field, or to keep the product out."""
        stages = self._field.bits.bit_length()
        distance = Signal(len(difference) - 1)
        beyond = Signal()
        amount = Signal(stages)
        m.d.comb += [
            distance.eq(difference ^ difference[-1].replicate(len(difference))),
            beyond.eq(distance[stages:].any() | self.keep),
            amount.eq(distance[:stages] | beyond.replicate(stages)),
        ]
        return amount


def _at_top(value: Value, width: int) -> Value:
    """``value`` in the top places of a vector."""
    return Cat(Const(0, width - len(value)), value)
