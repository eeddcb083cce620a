"""Floating-point sum of an exact product and an accumulator, rounded once: single path.

Four parts, each a component, so that what it costs can be measured: `fp8mac.hw.area.align.Align`
brings both numbers to one exponent, `Add` makes sign and magnitude of their sum, `Normalise` brings
its leading one to the top, and `fp8mac.hw.area.round.Round` makes a code of it.

# Ref: IEEE 754-2019, section 5.4.1 (fusedMultiplyAdd)
# Ref: J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., sections 7.3 and 8.4
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.align import Align, Field
from fp8mac.hw.area.round import Round
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberLayout, NumberRange
from fp8mac.hw.parts.prefix import extended, plus
from fp8mac.hw.parts.shifter import normalise
from fp8mac.hw.parts.special import classify

__all__ = ["Add", "FloatAccumulator", "Normalise"]


class Add(wiring.Component):
    """Sign and magnitude of a sum. Combinational.

    Subtracting, the larger number is complemented: ``~x + y`` is ``-(x - y) - 1``, whose complement
    is the difference without a carry to add. Only where ``y`` is the larger one after all is the
    sum, which then carries, itself the difference, less one.

    Parameters
    ----------
    bits : int
        Places of the smaller number.
    increment : bool
        Whether that one is added here.
    adder : Adder
        How carries run.

    Members
    -------
    larger : :py:`In(bits + 1)`
        Significand, places 1 to -L.
    smaller : :py:`In(bits)`
        Significand, places 0 to -L.
    sticky : :py:`In(1)`
        Stands below ``smaller``.
    subtract : :py:`In(1)`
        The signs differ.
    negative : :py:`Out(1)`
        ``smaller`` was larger.
    zero : :py:`Out(1)`
        The magnitude is zero.
    magnitude : :py:`Out(bits + 3)`
        Carry, places 1 to -L, sticky bit; less one where ``negative``, if there is no increment.
    """

    larger: Signal
    smaller: Signal
    sticky: Signal
    subtract: Signal
    negative: Signal
    zero: Signal
    magnitude: Signal

    def __init__(self, bits: int, increment: bool, adder: Adder = Adder.RIPPLE) -> None:
        self._bits = bits
        self._increment = increment
        self._adder = adder
        super().__init__(
            {
                "larger": In(bits + 1),
                "smaller": In(bits),
                "sticky": In(1),
                "subtract": In(1),
                "negative": Out(1),
                "zero": Out(1),
                "magnitude": Out(bits + 3),
            }
        )

    @property
    def bits(self) -> int:
        """Places of the smaller number."""
        return self._bits

    @property
    def increment(self) -> bool:
        """Whether the magnitude is exact everywhere."""
        return self._increment

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self._bits + 2
        x = Cat(0, self.larger) ^ self.subtract.replicate(width)
        total = Signal(width + 1)
        flip = Signal()
        magnitude = Signal(width)
        y = Cat(self.sticky, self.smaller)
        one = self.negative & self._increment
        m.d.comb += [
            total.eq(plus(m, x, y, width + 1, "sum", adder=self._adder)),
            self.negative.eq(self.subtract & total[-1]),
            flip.eq(self.subtract & ~total[-1]),
            magnitude.eq(
                plus(m, total[:-1] ^ flip.replicate(width), one, width, "plus_1", adder=self._adder)
            ),
            self.magnitude.eq(Cat(magnitude, total[-1] & ~self.subtract)),
            self.zero.eq(~magnitude.any()),
        ]
        return m


class Normalise(wiring.Component):
    """Brings the leading one to the top, as far as the exponent allows. Combinational.

    Parameters
    ----------
    field : Field
        Widths.

    Members
    -------
    magnitude : :py:`In(field.bits + 3)`
        See `Add`.
    fill : :py:`In(1)`
        Bits that come in from below.
    still : :py:`In(1)`
        Shift place 0 to the top.
    exponent : :py:`In(field.exponent_bits)`
        Exponent of place 0.
    significand : :py:`Out(field.bits + 3)`
        Magnitude with its leading one at the top; less far up, if the exponent would fall below
        one and there are subnormals.
    base : :py:`Out(field.base_shape)`
        Exponent of the top place, less `Field.hidden_weight`.
    """

    magnitude: Signal
    fill: Signal
    still: Signal
    exponent: Signal
    significand: Signal
    base: Signal

    def __init__(self, field: Field) -> None:
        self._field = field
        super().__init__(
            {
                "magnitude": In(field.bits + 3),
                "fill": In(1),
                "still": In(1),
                "exponent": In(field.exponent_bits),
                "significand": Out(field.bits + 3),
                "base": Out(field.base_shape),
            }
        )

    @property
    def field(self) -> Field:
        """Widths."""
        return self._field

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field = self._field
        # The top place is place 2.
        adder, weight = field.adder, field.hidden_weight
        base = plus(
            m, self.exponent, Const(2 - weight), field.exponent_bits + 1, "top", adder=adder
        )
        limit = None
        if field.config.subnormals and field.has_tiny_sums:
            limit = base
        elif field.config.subnormals:  # 2 if still, else none
            limit = Cat(~self.still, 1, (~self.still).replicate(len(self.magnitude).bit_length()))
        significand, shift = normalise(m, self.magnitude, field.bits + 1, limit, self.fill)
        less = base - shift
        if adder is not Adder.RIPPLE:
            width = len(self.base)
            raised = plus(m, self.exponent, Const(3 - weight, width), width, "raised", adder=adder)
            less = plus(m, raised, ~extended(shift, width), width, "lowered", adder=adder)
        m.d.comb += [self.significand.eq(significand), self.base.eq(less)]
        return m


class FloatAccumulator(wiring.Component):
    """``round(c + product)``, one rounding. Combinational.

    ===========================  ==============================================================
    case                         result
    ===========================  ==============================================================
    NaN operand or accumulator   NaN
    infinity - infinity          NaN
    infinity                     infinity (NaN, or the largest number, where there is none)
    exact cancellation           +0
    both zero, signs equal       zero of that sign
    ===========================  ==============================================================

    Parameters
    ----------
    range : NumberRange
        Products of normalised operands.
    config : FloatAccConfig
        Accumulator.
    adder : Adder
        How carries run.

    Members
    -------
    product : :py:`In(NumberLayout(range))`
        Product.
    c : :py:`In(config.format.bits)`
        Accumulator code.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number of this step.
    y : :py:`Out(config.format.bits)`
        Code of the rounded sum.
    """

    product: data.View
    c: Signal
    random: Signal
    y: Signal

    def __init__(
        self, range: NumberRange, config: FloatAccConfig, adder: Adder = Adder.RIPPLE
    ) -> None:
        self._field = Field(range, config, adder)
        bits = config.format.bits
        random = {"random": In(config.random_bits)} if config.random_bits else {}
        super().__init__(
            {"product": In(NumberLayout(range)), "c": In(bits), **random, "y": Out(bits)}
        )

    @property
    def field(self) -> Field:
        """Widths."""
        return self._field

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field, product = self._field, self.product
        m.submodules.align = align = Align(field)
        m.submodules.add = add = Add(
            field.bits, increment=not field.defers_increment, adder=field.adder
        )
        m.submodules.normalise = normal = Normalise(field)
        m.submodules.round = rounder = Round(
            field.config,
            field.bits + 3,
            field.base_shape.width,
            field.hidden_weight,
            field.adder,
        )
        c_nan, c_inf, c_special = classify(self.c, field.config.format)
        subtract = product.sign ^ self.c[-1]
        nothing = add.zero
        if not field.has_tiny_sums:  # then a sum without a hidden bit is zero, or was there before
            before = align.still & self.c[: field.config.format.mantissa_bits].any()
            before &= field.config.subnormals
            nothing = ~normal.significand[-1] & ~before
        m.d.comb += [
            align.product.eq(product),
            align.c.eq(self.c),
            align.keep.eq(product.zero | c_special),
            add.larger.eq(align.larger),
            add.smaller.eq(align.smaller),
            add.sticky.eq(align.sticky),
            add.subtract.eq(subtract),
            normal.magnitude.eq(add.magnitude),
            normal.fill.eq(add.negative & field.defers_increment),
            normal.still.eq(align.still),
            normal.exponent.eq(align.exponent),
            rounder.significand.eq(normal.significand),
            rounder.base.eq(normal.base),
            rounder.nan.eq(product.nan | c_nan | (product.inf & c_inf & subtract)),
            rounder.inf.eq(product.inf | c_inf),
            rounder.sign.eq(
                Mux(
                    product.inf,
                    product.sign,
                    (Mux(align.accumulator_larger, self.c[-1], product.sign) ^ add.negative)
                    & ~(subtract & nothing),
                )
            ),
            self.y.eq(rounder.code),
        ]
        if field.config.random_bits:
            m.d.comb += rounder.random.eq(self.random)
        return m
