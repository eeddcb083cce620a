"""Where an exact sum leaves as an integer: multiplied, shifted right, rounded, saturated."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.outputs.output import Requantizer
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.register import add_signed

__all__ = ["Requantize"]


class Requantize(wiring.Component):
    """Rounds ``value * multiplier / 2**shift`` to an integer. Combinational.

    ::

        value * multiplier     s p p p p p p p p p p p
        shifted                s s s s q q q q | r | x x x ...     r: a half, x: below, any or none
        code                   q + 1 where it rounds up; an end where bits above q are not s

    Parameters
    ----------
    width : int
        Bits of the value.
    config : Requantizer
        What it becomes.

    Members
    -------
    value : :py:`In(width)`
        Two's complement.
    multiplier : :py:`In(config.multiplier_bits)`, if it has bits
        Unsigned.
    shift : :py:`In(config.shift_bits(width))`
        Places to the right.
    code : :py:`Out(config.format.bits)`
        Two's complement.
    """

    value: Signal
    multiplier: Signal
    shift: Signal
    code: Signal

    def __init__(self, width: int, config: Requantizer) -> None:
        self._config = config
        times = {"multiplier": In(config.multiplier_bits)} if config.multiplier_bits else {}
        shift = {"shift": In(config.shift_bits(width)), "code": Out(config.format.bits)}
        super().__init__({"value": In(width), **times, **shift})

    @property
    def width(self) -> int:
        """Bits of the value."""
        return len(self.value)

    @property
    def config(self) -> Requantizer:
        """What the value becomes."""
        return self._config

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = self._product(m)
        sign, bits = product[-1], self._config.format.bits
        # Small shifts first: what is below the half is one bit, which says whether there is any.
        x: Value = Cat(Const(0, 1), product)
        below: Value = Const(0, 1)
        for stage, moves in enumerate(self.shift):
            places = min(1 << stage, len(x))
            lost = (x[:places].any() | (below if stage else 0)) & moves
            below = wire(m, lost | (below & ~moves), f"below_{stage}")
            moved = Cat(x[places:], sign.replicate(places))
            x = wire(m, Mux(moves, moved, x), f"shifted_{stage}")
        half, quotient = x[0], x[1:]
        quotient = Cat(quotient, sign.replicate(max(0, bits - len(quotient))))
        if self._config.rounding is Rounding.RNE:
            up = half & (below | quotient[0])
        else:
            up = sign & (half | below)  # toward zero, from what was floored
        total = wire(m, Cat(quotient[: bits - 1], 0) + up, "rounded")[:bits]
        outside = (quotient[bits - 1 :] ^ sign.replicate(len(quotient) - bits + 1)).any()
        carry = total[-1]
        high = ~sign & (outside | carry)
        low = sign & outside
        code = Cat(total[: bits - 1], sign & ~carry)
        least = Cat(Const(0, bits - 1), 1)
        if self._config.format.symmetric:
            low |= code == least
            least |= 1
        m.d.comb += self.code.eq(Mux(high, Cat(Const(-1, bits - 1), 0), Mux(low, least, code)))
        return m

    def _product(self, m: Module) -> Value:
        """Value times multiplier, in two's complement."""
        if not self._config.multiplier_bits:
            return self.value
        tree = Compressor(len(self.value) + len(self.multiplier))
        for place, bit in enumerate(self.multiplier):
            row = Cat(Const(0, place), self.value & bit.replicate(len(self.value)))
            add_signed(tree, row)
        return wire(m, tree.elaborate_into(m), "product")
