"""Floating-point sum of an exact product and an accumulator, rounded once: a fast single path.

::

                product              c
                   |                 |
                 Frames: both numbers in the frame of the other
            C-frame |        | P-frame
                    +---++---+
                        || x, y
               +--------++--------+
               v                  v
             x + y             abs(x - y), normalised
               +--------++--------+
                        v
                      round, special values

It takes every accumulator and every product; `fp8mac.hw.speed.dual_path` takes those whose sums it
can round by a choice, which saves the rounding adder at the end of this path.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberRange
from fp8mac.hw.parts.prefix import add, choose, extended, wire
from fp8mac.hw.parts.special import classify
from fp8mac.hw.speed.frame_shape import FrameShape
from fp8mac.hw.speed.frames import Frames
from fp8mac.hw.speed.near_path import NearPath
from fp8mac.hw.speed.product import FactoredLayout
from fp8mac.hw.speed.round import FastRound

__all__ = ["FastSinglePathAccumulator"]


class FastSinglePathAccumulator(wiring.Component):
    """`fp8mac.hw.area.float.FloatAccumulator`, for a short path. Combinational.

    Parameters
    ----------
    factors : tuple of NumberRange
        Decoded operands, normalised.
    config : FloatAccConfig
        Accumulator.
    adder : Adder
        How carries run.

    Members
    -------
    product : :py:`In(FactoredLayout(*factors))`
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
        self,
        factors: tuple[NumberRange, NumberRange],
        config: FloatAccConfig,
        adder: Adder = Adder.FITTED,
    ) -> None:
        # Where bits are lost below, at most the top place can cancel.
        bits = sum(factor.significand_bits for factor in factors)
        depth = max(bits, config.format.precision + 1 + (config.random_bits or 1))
        self._shape = FrameShape(factors, config, depth, adder=adder)
        width = config.format.bits
        random = {"random": In(config.random_bits)} if config.random_bits else {}
        super().__init__(
            {"product": In(FactoredLayout(*factors)), "c": In(width), **random, "y": Out(width)}
        )

    @property
    def shape(self) -> FrameShape:
        """Widths."""
        return self._shape

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, product = self._shape, self.product
        config, format_ = shape.config, shape.config.format
        stored = self.c[format_.mantissa_bits : -1]
        normal = wire(m, stored.any(), "c_normal")
        mantissa = self.c[: format_.mantissa_bits]
        if not config.subnormals:
            mantissa &= normal.replicate(len(mantissa))
        m.submodules.frames = frames = Frames(shape)
        m.d.comb += [
            frames.product.eq(product),
            frames.c.eq(Cat(mantissa, normal)),
            frames.c_exponent.eq(stored | ~normal),
        ]
        above = frames.apart.above
        # Places 0 to -depth, and the sticky bit, which is zero wherever many places cancel.
        bits = shape.depth + 2
        x = choose(above, _at_top(frames.leading, bits), _at_top(frames.c, bits))
        y = choose(
            above,
            Cat(frames.shifted_sticky, frames.shifted),
            Cat(frames.placed_sticky, frames.placed[:-1]),
        )
        x, y = wire(m, x, "larger"), wire(m, y, "smaller")
        exponent = wire(m, self._exponent(m, frames), "exponent")

        subtract = wire(m, product.sign ^ self.c[-1], "subtract")
        adder = shape.adder
        m.submodules.difference = difference = NearPath(
            bits, bits, len(exponent), subnormal=True, adder=adder
        )
        m.d.comb += [
            difference.x.eq(x),
            difference.y.eq(Cat(y, 0)),
            difference.exponent.eq(exponent),
            difference.enable.eq(1),
        ]
        total = add(m, x, y, name="total", adder=adder)
        over, hidden = total[-1], total[-2]
        # A carry moves the sum down by one place; the bit that falls out stays in the sticky bit.
        down = Cat(total[0] | total[1], total[2:])
        one = Const(1, len(exponent))
        up_exponent = add(m, exponent, one, name="exponent_up", adder=adder)[:-1]
        total_exponent = choose(
            over, up_exponent, exponent & (over | hidden).replicate(len(exponent))
        )

        sign = choose(above, product.sign, self.c[-1]) ^ (subtract & difference.negative)
        c_nan, c_inf, _ = classify(self.c, format_)
        m.submodules.round = rounder = FastRound(config, bits, len(exponent), adder)
        m.d.comb += [
            rounder.significand.eq(
                choose(subtract, difference.significand, choose(over, down, total[:-1]))
            ),
            rounder.exponent.eq(choose(subtract, difference.result_exponent, total_exponent)),
            rounder.nan.eq(product.nan | c_nan | (product.inf & c_inf & subtract)),
            rounder.inf.eq(product.inf | c_inf),
            rounder.sign.eq(
                choose(
                    product.inf | c_inf,
                    choose(product.inf, product.sign, self.c[-1]),
                    sign & ~(subtract & difference.zero),
                )
            ),
            self.y.eq(rounder.code),
        ]
        if config.random_bits:
            m.d.comb += rounder.random.eq(self.random)
        return m

    def _exponent(self, m: Module, frames: Frames) -> Value:
        """Exponent of place 0."""
        product, wide, adder = self.product, self._shape.exponent_bits, self._shape.adder
        operands = (
            extended(product.normal.exponent_a, wide),
            extended(product.normal.exponent_b, wide),
        )
        total = add(m, *operands, name="product_exponent", adder=adder)[:wide]
        offset = self._shape.exponent_offset
        top, next_ = (
            add(m, total, Const(offset - step, wide), name=f"top_{step}", adder=adder)[:wide]
            for step in (0, 1)
        )
        theirs = choose(product.normal.significand[-1], top, next_)
        return choose(frames.apart.above, theirs, extended(frames.c_exponent, wide))


def _at_top(value: Value, width: int) -> Value:
    """``value`` in the top places of a vector."""
    return Cat(Const(0, width - len(value)), value)
