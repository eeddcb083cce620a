"""Bringing an exact product and a floating-point accumulator to one exponent.

The sum is made in a *field* of places around the hidden bit of the larger number::

     place      2  |  1   0 . -1  -2  -3  ...                         -L  |  -L-1
                c  |  x   x    x   x   x   x   x   x   x   x   x   x   x  |    s
              carry   |   |                                                 sticky
     product          +---+ leading one
     accumulator          + hidden bit

``L = max(product bits, precision + 1)`` keeps every bit that a cancellation can bring to light:
where bits are lost into the sticky bit, the leading one of the sum is at place -1 or above, and
rounding takes places -1 to -p, the bit below, and whether anything is left; stochastic rounding as
many bits below as its random number has.

The accumulator is the larger number only if its exponent *c* is above that of the product, *e*.
Then the distance is ``c - e``, else ``e - c``; the difference ``c - e - 1``, which takes no carry,
is one less than the first, and the complement of the second: the product, where it is the smaller
number, enters one place further right.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberLayout, NumberRange
from fp8mac.hw.parts.prefix import plus
from fp8mac.hw.parts.shifter import shift_right_sticky

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
    adder : Adder
        How carries run.
    """

    range: NumberRange
    config: FloatAccConfig
    adder: Adder = Adder.RIPPLE

    @property
    def bits(self) -> int:
        """Places 0 to -L."""
        below = self.config.random_bits or 1
        return max(self.range.significand_bits, self.config.format.precision + below) + 1

    @property
    def exponent_offset(self) -> int:
        """What turns a product's exponent into that of place 0, biased like the accumulator."""
        top = self.range.base + self.range.significand_bits - 1
        return top - 1 + self.config.format.exponent_bias

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
        if self.config.subnormals:
            return signed(self.exponent_bits + 1)
        return signed(max(self.exponent_bits + 1, (self.bits + 1).bit_length()) + 1)

    @property
    def hidden_weight(self) -> int:
        """What the exponent of the sum lacks until there is a hidden bit.

        Two lie between the larger number's hidden bit and the top of the field. Where the shift has
        no limit that has to be computed, they are not added before.
        """
        return 1 if self.has_tiny_sums or not self.config.subnormals else 2

    @property
    def difference_shape(self) -> Shape:
        """Shape of the accumulator's exponent less the product's, less one."""
        format_ = self.config.format
        most = (1 << format_.exponent_bits) - 2 - (self.range.exponent_min + self.exponent_offset)
        least = -(self.range.exponent_max + self.exponent_offset)
        return signed(max(most, ~least, 1).bit_length() + 1)

    @property
    def has_tiny_sums(self) -> bool:
        """Whether a product that is not zero can take part in a subnormal sum.

        A cancellation leaves a multiple of the last place of either number, the accumulator's
        being near the product's leading one.
        """
        format_, product = self.config.format, self.range
        leading = product.base + product.exponent_min + product.significand_bits - 2
        return leading - max(format_.precision, product.significand_bits) < format_.emin

    @property
    def defers_increment(self) -> bool:
        """Whether the one that a reversed difference lacks can be left to the rounding.

        A difference is reversed, see `fp8mac.hw.area.float.Add`, at exponents that differ by
        one or not at all, or with a subnormal accumulator; it is below one, or two. So it is a
        number of the accumulator, and its last place gets the one if all below are ones, unless a
        product has a place below the accumulator's last one. Rounding must take place to nearest,
        and no number be flushed for a missing one.
        """
        format_, product = self.config.format, self.range
        return (
            product.significand_bits <= format_.precision + 1
            and product.base + product.exponent_min >= format_.lsb_exponent
            and self.config.rounding is Rounding.RNE
            and self.config.subnormals
        )


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
        The accumulator has the larger exponent.
    still : :py:`Out(1)`
        A subnormal accumulator, or zero, and a zero product.
    exponent : :py:`Out(field.exponent_bits)`
        Exponent of place 0, biased like the accumulator.
    larger : :py:`Out(field.bits + 1)`
        Significand of the number with the larger exponent, places 1 to -L.
    smaller : :py:`Out(field.bits)`
        Significand of the other one, places 0 to -L.
    sticky : :py:`Out(1)`
        Whether ``smaller`` lost ones.
    """

    product: data.View
    c: Signal
    keep: Signal
    accumulator_larger: Signal
    still: Signal
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
                "still": Out(1),
                "exponent": Out(field.exponent_bits),
                "larger": Out(field.bits + 1),
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
            product_exponent.eq(
                plus(
                    m,
                    self.product.exponent,
                    Const(field.exponent_offset),
                    len(product_exponent),
                    "offset",
                    adder=field.adder,
                )
            ),
            difference.eq(
                plus(
                    m,
                    accumulator_exponent,
                    ~product_exponent,
                    len(difference),
                    "apart",
                    adder=field.adder,
                )
            ),
            self.still.eq(~normal & self.product.zero),
        ]
        larger = self.accumulator_larger
        factor = self.product.significand
        m.d.comb += [
            larger.eq(~difference[-1] | self.keep),
            self.exponent.eq(Mux(larger, accumulator_exponent, product_exponent)),
            self.larger.eq(
                Mux(
                    larger,
                    _at_top(Cat(significand, 0), field.bits + 1),
                    _at_top(factor, field.bits + 1),
                )
            ),
        ]
        width = max(len(factor), len(significand))
        smaller = Signal(width)
        m.d.comb += smaller.eq(Mux(larger, _at_top(factor, width), _at_top(significand, width)))
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
