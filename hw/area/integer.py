"""Two's complement products, added in a two's complement register."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.carry_save import CarrySaveTree, columns
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.register import FixedAccumulator, add_signed
from fp8mac.hw.parts.segments import add_product
from fp8mac.hw.parts.summands import Summands

__all__ = ["IntAccumulator", "add_booth_rows"]


class IntAccumulator(FixedAccumulator):
    """Exact sum of a two's complement accumulator and a product. Combinational.

    Product and accumulator go through one compressor tree. The product is radix-4 Booth: every
    two bits of ``b`` choose a multiple of ``a``, see `add_booth_rows`.

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
    segment_bits : int, optional
        Bits of the accumulator's segments; by default it is one word.
    settles : bool
        Whether all carries between segments are gone after enough products of zero, see
        `fp8mac.hw.parts.segments.add_product`.
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
        adder: Adder = Adder.RIPPLE,
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
                small=True,
            )
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        total_width = self._width + self._saturate
        tree = columns(total_width, self._adder)
        tree.add_bits(0, self.c)
        if self._saturate:
            tree.add_bits(self._width, self.c[-1])
        self._add_product(m, tree)
        total = Signal(total_width)
        m.d.comb += total.eq(tree.elaborate_into(m))
        if self._saturate:
            overflow = total[-1] != total[-2]
            limit = Cat((~total[-1]).replicate(self._width - 1), total[-1])
            m.d.comb += self.y.eq(Mux(overflow, limit, total[:-1]))
        else:
            m.d.comb += self.y.eq(total)
        return m

    def _add_product(self, m: Module, tree: Compressor | CarrySaveTree) -> None:
        """Add the product, as its rows, or as a number that a register holds."""
        if not self.gaps:
            add_booth_rows(m, tree, self.a, self.b)
            return
        bits = len(self.a) + len(self.b)
        alone = columns(bits, self._adder)
        add_booth_rows(m, alone, self.a, self.b)
        add_signed(tree, self.gaps[0].cross(m, alone.elaborate_into(m)))


def add_booth_rows(
    m: Module, tree: Compressor | CarrySaveTree | Summands, a: Value, b: Value
) -> None:
    """Add ``a * b``, both two's complement, to a tree.

    Row *i* is ``digit * a * 4**i``; the digits of ``b`` in radix 4 are::

        b[2i+1] b[2i] b[2i-1]    digit      one  two  negative
           0      0      0         0         0    0      0
           0      0      1         1         1    0      0
           0      1      0         1         1    0      0
           0      1      1         2         0    1      0
           1      0      0        -2         0    1      1
           1      0      1        -1         1    0      1
           1      1      0        -1         1    0      1
           1      1      1         0         0    0      1   (-0: all ones, plus one)

    A negative row is the complement of the positive one, plus one in its lowest place. The sign of
    a row, at weight *w*, counts ``-s * 2**w = (1 - s) * 2**w - 2**w``: its complement is added, and
    the constants of all rows become one.
    """
    rows = (len(b) + 1) // 2
    extended = Cat(b, b[-1].replicate(2 * rows - len(b)))
    for row in range(rows):
        low = extended[2 * row - 1] if row else 0
        middle, high = extended[2 * row], extended[2 * row + 1]
        one = Signal(name=f"one_{row}")
        two = Signal(name=f"two_{row}")
        negative = Signal(name=f"negative_{row}")
        multiple = Signal(len(a) + 1, name=f"multiple_{row}")
        m.d.comb += [
            one.eq(middle ^ low),
            two.eq((high ^ middle) & ~one),
            negative.eq(high),
        ]
        chosen = (Cat(a, a[-1]) & one.replicate(len(a) + 1)) | (
            Cat(0, a) & two.replicate(len(a) + 1)
        )
        m.d.comb += multiple.eq(chosen ^ negative.replicate(len(a) + 1))
        weight = 2 * row
        tree.add_bits(weight, multiple[:-1])
        tree.add_bits(weight, negative)
        tree.add_bits(weight + len(a), ~multiple[-1])
        tree.add_constant(-(1 << weight + len(a)))
