"""Two's complement products, added in a two's complement register: a tree and one prefix adder."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import AND
from fp8mac.hw.parts.register import FixedAccumulator, add_signed
from fp8mac.hw.parts.segments import add_product
from fp8mac.hw.parts.summands import Summands

__all__ = ["FastIntAccumulator", "add_bit_products"]


class FastIntAccumulator(FixedAccumulator):
    """`fp8mac.hw.area.integer.IntAccumulator`, for a short path. Combinational.

    The product stays in carry-save form: its bits and the accumulator go through one tree of full
    adders, and only the sum is carried out.

    Parameters
    ----------
    a_format, b_format : IntFormat
        Operands.
    width : int
        Bits of the accumulator, at least those of the product.
    saturate : bool
        Where True, a sum outside the accumulator's range becomes its nearest end; else it wraps.
    adder : Adder
        How carries run.
    segment_bits, settles, is_held
        As there.

    Members
    -------
    a : :py:`In(a_format.bits)`
        Operand, two's complement.
    b : :py:`In(b_format.bits)`
        Operand, two's complement.
    c : :py:`In(width)`
        Accumulator, two's complement.
    y : :py:`Out(width)`
        ``c + a * b``, two's complement.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    """

    a: Signal
    b: Signal

    def __init__(
        self,
        a_format: IntFormat,
        b_format: IntFormat,
        width: int,
        saturate: bool = False,
        *,
        adder: Adder = Adder.FITTED,
        segment_bits: int | None = None,
        settles: bool = False,
        is_held: bool = False,
    ) -> None:
        self._adder = adder
        self._saturate = saturate
        self._settles = settles
        members = {"a": In(a_format.bits), "b": In(b_format.bits)}
        held = (a_format.bits + b_format.bits,) if is_held else ()
        super().__init__(members, width, segment_bits, held)

    @property
    def saturate(self) -> bool:
        """Whether the sum saturates."""
        return self._saturate

    @property
    def settles(self) -> bool:
        """Whether products of zero leave no carries between segments."""
        return self._settles

    @property
    def is_held(self) -> bool:
        """Whether a register holds the product."""
        return bool(self.gaps)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self._segment_bits is not None:
            sums = add_product(
                m,
                (self.c, self.c_carry),
                self._segment_bits,
                lambda tree: self._add_product(m, tree),
                len(self.a) + len(self.b) if self._settles else None,
            )
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        tree = CarrySaveTree(self._width + self._saturate, self._adder)
        tree.add_bits(0, self.c)
        if self._saturate:
            tree.add_bits(self._width, self.c[-1])
        self._add_product(m, tree)
        total = tree.elaborate_into(m)
        if self._saturate:
            overflow = total[-1] ^ total[-2]
            limit = Cat((~total[-1]).replicate(self._width - 1), total[-1])
            m.d.comb += self.y.eq(Mux(overflow, limit, total[:-1]))
        else:
            m.d.comb += self.y.eq(total)
        return m

    def _add_product(self, m: Module, tree: CarrySaveTree) -> None:
        """Add the product, as its rows, or as a number that a register holds."""
        if not self.gaps:
            add_bit_products(tree, self.a, self.b)
            return
        bits = len(self.a) + len(self.b)
        alone = CarrySaveTree(bits, self._adder)
        add_bit_products(alone, self.a, self.b)
        add_signed(tree, self.gaps[0].cross(m, alone.elaborate_into(m)))


def add_bit_products(tree: CarrySaveTree | Summands, a: Value, b: Value) -> None:
    """Add ``a * b``, both two's complement, as products of bits (Baugh-Wooley).

    A sign counts ``-2**w``, so that products of one sign and another bit are to be subtracted:
    ``-x * 2**w`` is ``~x * 2**w - 2**w``, and the constants of all of them become one.
    """
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if (i == len(a) - 1) == (j == len(b) - 1):
                tree.add_bits(i + j, x & y, arrival=AND)
            else:
                tree.add_bits(i + j, ~(x & y), arrival=AND)
                tree.add_constant(-(1 << i + j))
