"""Exact products of decoded operands."""

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.formats import Format
from fp8mac.hw.fpga.multiply import Multiply
from fp8mac.hw.parts.layout import NumberRange

__all__ = ["LutFixedMultiplier", "LutMultiplier"]


class LutMultiplier(FloatMultiplier):
    """As `FloatMultiplier`, with its significands multiplied in carry chains, or in a block.

    Parameters
    ----------
    a_format, b_format : FloatFormat or IntFormat
        Operands; integers are converted to sign and magnitude.
    normalised, carry : bool
        As in `FloatMultiplier`.
    multiply : Multiply
        How the significands are multiplied.
    """

    def __init__(
        self,
        a_format: Format,
        b_format: Format,
        *,
        normalised: bool,
        carry: bool = False,
        multiply: Multiply,
    ) -> None:
        self._how = multiply
        super().__init__(a_format, b_format, normalised=normalised, carry=carry)

    @property
    def multiply(self) -> Multiply:
        """How the significands are multiplied."""
        return self._how

    def _multiply(self, m: Module, a: Value, b: Value) -> Value:
        return self._how(m, a, b)


class LutFixedMultiplier(LutMultiplier):
    """As `LutMultiplier`, not normalised, with a significand in two's complement. Combinational.

    One operand takes the sign before the rows are made of it: a complement behind the product, or
    behind the shifter, would need one more to be added, and a sum that begins would have to wait
    for that.

    Parameters
    ----------
    a_format, b_format : FloatFormat or IntFormat
        Operands; integers are converted to sign and magnitude.
    multiply : Multiply
        How the significands are multiplied.
    """

    def __init__(self, a_format: Format, b_format: Format, *, multiply: Multiply) -> None:
        super().__init__(a_format, b_format, normalised=False, multiply=multiply)

    def _range_of(self, a: NumberRange, b: NumberRange) -> NumberRange:
        range_ = super()._range_of(a, b)
        return replace(range_, significand_bits=range_.significand_bits + 1)

    def _multiply(self, m: Module, a: Value, b: Value) -> Value:
        sign = self.product.sign
        factor = Signal(signed(len(a) + 1))
        # The lowest one stays, and so do the zeros below.
        below = [Const(0, 1), *(a[:place].any() for place in range(1, len(a) + 1))]
        m.d.comb += factor.eq(
            Cat(*(bit ^ (sign & any_) for bit, any_ in zip(Cat(a, 0), below, strict=True)))
        )
        return self.multiply(m, factor, b)
