"""Two's complement products, added in a two's complement register."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In

from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.fpga.add import add_to_register
from fp8mac.hw.fpga.multiply import Multiply
from fp8mac.hw.parts.register import FixedAccumulator

__all__ = ["LutIntAccumulator"]


class LutIntAccumulator(FixedAccumulator):
    """Exact sum of a two's complement accumulator and a product. Combinational.

    The product is there before the sum: where a sum begins, the table behind the carry chain takes
    it as it is, and no gate stands between the accumulator and the chain.

    Parameters
    ----------
    a_format, b_format : IntFormat
        Operands.
    width : int
        Bits of the accumulator, at least those of the product.
    saturate : bool
        Where True, a sum outside the accumulator's range becomes its nearest end; else it wraps.
    multiply : Multiply
        How the product is made.
    segment_bits : int, optional
        Bits of the accumulator's segments; by default it is one word.
    is_held : bool
        Whether a register holds the product.

    Members
    -------
    a : :py:`In(a_format.bits)`
        Operand, two's complement.
    b : :py:`In(b_format.bits)`
        Operand, two's complement.
    c : :py:`In(width)`
        Accumulator, two's complement.
    clear : :py:`In(1)`
        Take the accumulator for zero.
    y : :py:`Out(width)`
        ``c + a * b``, two's complement.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    """

    a: Signal
    b: Signal
    clear: Signal

    def __init__(
        self,
        a_format: IntFormat,
        b_format: IntFormat,
        width: int,
        *,
        saturate: bool,
        multiply: Multiply,
        segment_bits: int | None = None,
        is_held: bool = False,
    ) -> None:
        self._saturate = saturate
        self._multiply = multiply
        members = {"a": In(a_format.bits), "b": In(b_format.bits), "clear": In(1)}
        held = (a_format.bits + b_format.bits,) if is_held else ()
        super().__init__(members, width, segment_bits, held)

    @property
    def saturate(self) -> bool:
        """Whether the sum saturates."""
        return self._saturate

    @property
    def multiply(self) -> Multiply:
        """How the product is made."""
        return self._multiply

    @property
    def is_held(self) -> bool:
        """Whether a register holds the product."""
        return bool(self.gaps)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = self._multiply(m, self.a.as_signed(), self.b.as_signed())
        for gap in self.gaps:
            product = gap.cross(m, product).as_signed()
        addend = Signal(self._width)
        m.d.comb += addend.eq(product)
        if not self._saturate:
            add_to_register(m, self, addend)
            return m
        total = Signal(self._width + 1)
        overflow = total[-1] != total[-2]
        limit = Cat((~total[-1]).replicate(self._width - 1), total[-1])
        m.d.comb += [
            total.eq(self.c.as_signed() + addend.as_signed()),
            self.y.eq(Mux(self.clear, addend, Mux(overflow, limit, total[:-1]))),
        ]
        return m
