"""Floating-point sum of an exact product and an accumulator, rounded once: dual path.

::

                product              c
                   |                 |
                 Frames: both numbers in the frame of the other
            C-frame |        | P-frame
        +-----------+----+   |
        |                v   v
     NearPath           FarPath
     close numbers      all others
     subtracted         add, subtract
     normalised         rounded by a choice
        |                    |
        +--------> y <-------+---- special values

The sum is near where the signs differ and the numbers may cancel by more than one bit. With *d* the
exponent of the product's leading one less that of the accumulator, that is:

=====  ===========================================================================================
*d*    near, if the signs differ and
=====  ===========================================================================================
-1     the product is no longer than the accumulator's mantissa, or the accumulator is below 1.5:
       then the difference has no more bits than the accumulator
0      always
1      the product is below 1.5 and the accumulator is normal; else the far path normalises it
<= 0   the accumulator's exponent is the smallest one: then nothing is shifted at all (if
       products have bits below the accumulator's last one, this is a flat sum of the far path)
=====  ===========================================================================================

A near difference thus never has to be rounded, and a far one is never shifted by more than one.

# Ref: P. M. Farmwald, On the Design of High Performance Digital Arithmetic Units, 1981 (two paths)
# Ref: J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., section 7.3.3
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Overflow, Rounding, Specials
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberRange
from fp8mac.hw.parts.prefix import add, choose, extended, wire
from fp8mac.hw.parts.special import classify
from fp8mac.hw.speed.far_path import FarPath
from fp8mac.hw.speed.frame_shape import FrameShape
from fp8mac.hw.speed.frames import Frames
from fp8mac.hw.speed.near_path import NearPath
from fp8mac.hw.speed.product import FactoredLayout

__all__ = ["DualPathAccumulator"]


class DualPathAccumulator(wiring.Component):
    """`fp8mac.hw.area.float.FloatAccumulator`, for a short path. Combinational.

    Parameters
    ----------
    factors : tuple of NumberRange
        Decoded operands, normalised.
    config : FloatAccConfig
        Accumulator; see `fits`.
    adder : Adder
        How carries run.

    Members
    -------
    product : :py:`In(FactoredLayout(*factors))`
        Product.
    c : :py:`In(config.format.bits)`
        Accumulator code.
    y : :py:`Out(config.format.bits)`
        Code of the rounded sum.
    """

    product: data.View
    c: Signal
    y: Signal

    def __init__(
        self,
        factors: tuple[NumberRange, NumberRange],
        config: FloatAccConfig,
        adder: Adder = Adder.FITTED,
    ) -> None:
        self._shape = FrameShape(factors, config, config.format.precision + 1, adder=adder)
        bits = config.format.bits
        super().__init__({"product": In(FactoredLayout(*factors)), "c": In(bits), "y": Out(bits)})

    @property
    def shape(self) -> FrameShape:
        """Widths."""
        return self._shape

    @staticmethod
    def fits(factors: tuple[NumberRange, NumberRange], config: FloatAccConfig) -> bool:
        """Whether two paths suffice: IEEE 754's sums, and products no longer than they."""
        format_ = config.format
        shape = FrameShape(factors, config, format_.precision + 1)
        return (
            format_.specials is Specials.IEEE
            and config.rounding is Rounding.RNE
            and config.overflow is Overflow.TO_SPECIAL
            and config.subnormals
            and shape.product_bits <= shape.precision
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, product = self._shape, self.product
        format_, bits = shape.config.format, shape.precision
        stored = self.c[format_.mantissa_bits : -1]
        normal = wire(m, stored.any(), "c_normal")
        significand = Cat(self.c[: format_.mantissa_bits], normal)
        exponent = wire(m, stored | ~normal, "c_exponent")
        m.submodules.frames = frames = Frames(shape)
        m.d.comb += [
            frames.product.eq(product),
            frames.c.eq(significand),
            frames.c_exponent.eq(exponent),
        ]

        subtract = wire(m, product.sign ^ self.c[-1], "subtract")
        near_bits = max(bits, shape.product_bits + 1)
        subnormal = shape.near_may_be_subnormal
        # Close numbers are one place apart at most, but for those that are subnormal.
        active = near_bits if subnormal else min(near_bits, shape.product_bits + 1)
        m.submodules.near = near = NearPath(
            near_bits, active, format_.exponent_bits, subnormal=subnormal, adder=shape.adder
        )
        m.d.comb += [
            near.x.eq(Cat(Const(0, near_bits - bits), significand)),
            near.y.eq(frames.placed[-active - 1 :]),
            near.exponent.eq(exponent),
        ]
        smallest = wire(m, (exponent == 1) & ~frames.apart.above, "smallest")
        is_near = self._is_near(m, frames, normal, smallest) & subtract
        far = self._far(m, frames, significand, exponent, subtract)
        m.d.comb += far.flat.eq(smallest & subtract & Const(shape.has_flat_sums, 1))

        special, nan, inf_sign = self._specials(m, subtract)
        infinity, nan_code = format_.inf_code, format_.nan_code
        assert infinity is not None
        assert nan_code is not None
        special_code = choose(
            nan, Const(nan_code, format_.bits - 1), Const(infinity, format_.bits - 1)
        )
        near_code = Cat(near.significand[near_bits - bits : -1], near.result_exponent)
        near_sign = choose(near.negative, product.sign, self.c[-1]) & ~near.zero
        far_sign = choose(frames.apart.above | far.negative, product.sign, self.c[-1]) & ~far.zero
        m.d.comb += [
            near.enable.eq(is_near & ~special),
            far.enable.eq(~is_near & ~special),
            self.y.eq(
                Cat(near_code, near_sign & near.enable)
                | Cat(far.code, far_sign & far.enable)
                | (Cat(special_code, inf_sign) & special.replicate(format_.bits))
            ),
        ]
        return m

    def _is_near(self, m: Module, frames: Frames, normal: Value, smallest: Value) -> Value:
        """Which path, if the signs differ; the table above."""
        apart = frames.apart
        minus_1 = apart.minus_1
        if self._shape.product_bits >= self._shape.precision:
            minus_1 &= ~frames.c[-2]
        plus_1 = apart.plus_1 & ~frames.leading[-2] & normal
        if self._shape.has_flat_sums:
            return wire(m, ((minus_1 | apart.zero) & ~smallest) | plus_1, "is_near")
        return wire(m, minus_1 | apart.zero | plus_1 | smallest, "is_near")

    def _far(
        self, m: Module, frames: Frames, significand: Value, exponent: Value, subtract: Value
    ) -> FarPath:
        """The far sum, without its input ``flat``."""
        shape, product = self._shape, self.product
        bits, format_ = shape.precision, shape.config.format
        wide = shape.exponent_bits
        c_exponent = extended(exponent, wide)
        operands = (
            extended(product.normal.exponent_a, wide),
            extended(product.normal.exponent_b, wide),
        )
        adder = shape.adder
        total = add(m, *operands, name="product_exponent", adder=adder)[:wide]
        # Exponents of the product's top bit, and of the next one, each one up and one down.
        tops = {
            step: add(
                m,
                total,
                Const(shape.exponent_offset + step, wide),
                name=f"top_{step + 2}",
                adder=adder,
            )[:wide]
            for step in (-2, -1, 0, 1)
        }
        ours = {
            step: add(m, c_exponent, Const(step, wide), name=f"c_{step + 1}", adder=adder)[:wide]
            for step in (-1, 0, 1)
        }
        top, above = product.normal.significand[-1], frames.apart.above
        flat_bits = shape.product_bits if shape.has_flat_sums else 0
        m.submodules.far = far = FarPath(bits, format_.exponent_bits, wide, flat_bits, adder)
        leading = Cat(Const(0, bits - shape.product_bits), frames.leading)
        m.d.comb += [
            far.larger.eq(choose(above, leading, significand)),
            far.smaller.eq(choose(above, frames.shifted, frames.placed[:-1])),
            far.sticky.eq(choose(above, frames.shifted_sticky, frames.placed_sticky)),
            far.subtract.eq(subtract),
        ]
        for step, port in ((-1, far.exponent_down), (0, far.exponent), (1, far.exponent_up)):
            m.d.comb += port.eq(choose(above, choose(top, tops[step], tops[step - 1]), ours[step]))
        return far

    def _specials(self, m: Module, subtract: Value) -> tuple[Value, Value, Value]:
        """Whether the sum is infinite or NaN, whether it is NaN, and the sign then."""
        format_, product = self._shape.config.format, self.product
        is_nan, infinite, special = classify(self.c, format_)
        nan = wire(m, product.nan | is_nan | (product.inf & infinite & subtract), "is_nan")
        sign = choose(product.inf, product.sign, self.c[-1]) & ~nan
        return wire(m, special | product.nan | product.inf, "is_special"), nan, sign
