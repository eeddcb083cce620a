"""A product and an accumulator side by side, each shifted to the exponent of the other.

Places count from the exponent of the number that stays; *n* is the exponent of the product's top
bit less that of the accumulator::

    C-frame    c     c c c c c c c c c c c         stays: the leading one is at place 0
               p           n . . . . . . .         product << sum of exponents, one of the groups

    P-frame    p     1 . . . . . . .               normalised: the leading one is at place 0
               c             c c c c c c c c c ..  c >> n - 1, and one more if the top bit is set

Both shifts run at once on the same difference, so that nothing waits for its sign: no absolute
value, no exchange of operands before the shift.

The difference is a sum of three terms, ``exponent_a + exponent_b + ~exponent_c``, without a
constant. Its low bits are known first and shift by multiplexers; its high bits choose a group.
"""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.prefix import add, at_least, choose, extended, wire
from fp8mac.hw.speed.frame_shape import FrameShape
from fp8mac.hw.speed.product import FactoredLayout

__all__ = ["Frames"]


class Frames(wiring.Component):
    """Both frames, and how far apart the numbers are. Combinational.

    Members
    -------
    product : :py:`In(FactoredLayout(*shape.factors))`
        Product of normalised operands.
    c : :py:`In(precision)`
        Significand of the accumulator.
    c_exponent : :py:`In(exponent_bits)`
        Its exponent, at least 1.
    placed : :py:`Out(depth + 2)`
        C-frame: the product, from place 1 down to ``-depth``.
    placed_sticky : :py:`Out(1)`
        Whether it has ones below.
    leading : :py:`Out(product_bits)`
        P-frame: the product with its leading one at place 0, the top bit here.
    shifted : :py:`Out(depth + 1)`
        P-frame: the accumulator, from place 0 down to ``-depth``.
    shifted_sticky : :py:`Out(1)`
        Whether it has ones below.
    apart : :py:`Out(data.StructLayout)`
        Exponent of the product's leading one less the accumulator's: ``minus_1``, ``zero``,
        ``plus_1``, ``above`` (1 or more); none of them where the product is zero.
    """

    product: data.View
    c: Signal
    c_exponent: Signal
    placed: Signal
    placed_sticky: Signal
    leading: Signal
    shifted: Signal
    shifted_sticky: Signal
    apart: data.View

    def __init__(self, shape: FrameShape) -> None:
        self._shape = shape
        super().__init__(
            {
                "product": In(FactoredLayout(*shape.factors)),
                "c": In(shape.precision),
                "c_exponent": In(shape.config.format.exponent_bits),
                "placed": Out(shape.depth + 2),
                "placed_sticky": Out(1),
                "leading": Out(shape.product_bits),
                "shifted": Out(shape.depth + 1),
                "shifted_sticky": Out(1),
                "apart": Out(
                    data.StructLayout(dict.fromkeys(("minus_1", "zero", "plus_1", "above"), 1))
                ),
            }
        )

    @property
    def shape(self) -> FrameShape:
        """Widths."""
        return self._shape

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shape, product = self._shape, self.product
        early = self._subtract_exponents(m, product.early, "early")
        difference = self._subtract_exponents(m, product.normal, "normal")
        span = (1 << shape.fine_bits) - 1
        zero = shape.difference_zero

        # Product in the C-frame: its top bit is at place n.
        fine, coarse = early[: shape.fine_bits], early[shape.fine_bits :]
        moved = wire(m, product.early.significand << fine, "product_moved")
        place = 1 - shape.product_bits - zero
        placed, sticky = self._place(m, moved, coarse, shape.groups(len(moved), place, 1))
        m.d.comb += [self.placed.eq(placed), self.placed_sticky.eq(sticky)]

        # Accumulator in the P-frame: its hidden bit is at place 1 - n, or one below.
        significand = product.normal.significand
        top = significand[-1]
        # The early difference is too large by the normalising shifts: the accumulator makes them.
        lifted: Value = self.c
        for lift, name in ((product.lift_a, "a"), (product.lift_b, "b")):
            lifts = [lifted << by & bit.replicate(len(lifted) + by) for by, bit in enumerate(lift)]
            lifted = wire(m, reduce(or_, lifts), f"c_lifted_{name}")
        moved = wire(m, Cat(Const(0, span), lifted) >> fine, "c_moved")
        place = 2 - shape.precision - span + zero
        shifted, sticky = self._place(m, moved, coarse, shape.groups(len(moved), place, -1))
        m.d.comb += [
            self.shifted.eq(choose(top, shifted[1:], shifted[:-1])),
            self.shifted_sticky.eq(sticky | (top & shifted[0])),
            self.leading.eq(choose(top, significand, Cat(0, significand[:-1]))),
        ]

        is_at = {n: wire(m, difference == n + zero, f"apart_{n + 1}") for n in (-1, 0, 1, 2)}
        above = wire(m, at_least(difference, 2 + zero), "far_above")
        for number, name in ((-1, "minus_1"), (0, "zero"), (1, "plus_1")):
            m.d.comb += self.apart[name].eq(
                choose(top, is_at[number], is_at[number + 1]) & ~product.zero
            )
        m.d.comb += self.apart.above.eq((above | (top & is_at[1])) & ~product.zero)
        return m

    def _subtract_exponents(self, m: Module, factors: data.View, name: str) -> Value:
        """The difference of exponents, by one carry-save adder and one prefix adder."""
        bits = self._shape.difference_bits
        a = extended(factors.exponent_a, bits)
        b = extended(factors.exponent_b, bits)
        ones = bits - len(self.c_exponent) - 1
        c = Cat(~self.c_exponent, Const((1 << ones) - 1, ones), 0)
        total = wire(m, a ^ b ^ c, f"{name}_total")
        carry = wire(m, Cat(0, (a & b) | ((a | b) & c))[:bits], f"{name}_carry")
        difference = add(m, total, carry, name=f"{name}_difference", adder=self._shape.adder)
        return wire(m, difference[:bits], f"{name}_difference")

    def _place(
        self, m: Module, moved: Value, coarse: Value, groups: list[tuple[int, int]]
    ) -> tuple[Value, Value]:
        """Places 1 to ``-depth`` of a vector, and whether ones of it are below."""
        width, lowest = self._shape.depth + 2, -self._shape.depth
        field: Value = Const(0, width)
        sticky: Value = Const(0, 1)
        met: Value = Const(0, 1)
        for group, bottom in groups:
            lost = max(0, lowest - bottom)
            kept = Cat(Const(0, max(0, bottom - lowest)), moved[lost:])[:width]
            chosen = wire(m, coarse == group, f"group_{group}")
            field |= kept & chosen.replicate(len(kept))
            sticky |= moved[:lost].any() & chosen
            met |= chosen
        return wire(m, field, "field"), wire(m, sticky | (moved.any() & ~met), "sticky")
