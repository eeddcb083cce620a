"""Adding what was placed in a window; and differences of exponents."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value

from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.dot.windows.place import Place
from fp8mac.hw.parts.carry_save import columns
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import add, extended, wire

__all__ = ["Total", "minus"]


class Total:
    """Sum of placed terms, in two's complement.

    A negative term is its complement and one; its sign extension is ``-2**n``, which is
    ``(1 - sign) * 2**n`` and a constant. Of many terms alike the signs are counted once::

        count of signs       in column 0         the ones
        its complement       from column n on    the extensions

    Parameters
    ----------
    m : Module
        Where it is.
    bits : int
        Of the sum.
    adder : Adder
        How carries run.
    """

    def __init__(self, m: Module, bits: int, adder: Adder) -> None:
        self._m = m
        self._tree = columns(bits, adder)
        self._adder = adder

    def add(self, units: Sequence[Place], place: int = 0) -> None:
        """Add terms of one width, times ``2**place``."""
        width = len(units[0].addend) + place
        for unit in units:
            self._tree.add_bits(place, unit.addend)
        alike = units[0].cut is not TermCut.FLOOR
        if len(units) > 3 and alike and self._adder is Adder.RIPPLE:
            count = self._count([unit.one for unit in units])
            self._tree.add_bits(place, count)
            self._tree.add_bits(width, ~count)
            self._tree.add_constant((1 - (1 << len(count))) << width)
            return
        for unit in units:
            self._tree.add_bits(place, unit.one)
            self._tree.add_bits(width, ~unit.sign)
            self._tree.add_constant(-1 << width)

    def add_bits(self, weight: int, bits: Value) -> None:
        """Add an unsigned vector."""
        self._tree.add_bits(weight, bits)

    def _count(self, bits: Sequence[Value]) -> Value:
        """How many bits are ones."""
        counter = Compressor(len(bits).bit_length())
        for bit in bits:
            counter.add_bits(0, bit)
        return wire(self._m, counter.elaborate_into(self._m), "signs")

    def elaborate(self) -> Value:
        """The sum."""
        return self._tree.elaborate_into(self._m)


def minus(m: Module, x: Value, y: Value, width: int, name: str, *, adder: Adder) -> Value:
    """The low bits of ``x - y``, each signed or not."""
    if adder is Adder.RIPPLE:
        return wire(m, (x - y)[:width], name)
    first, second = Cat(1, extended(x, width)), Cat(1, ~extended(y, width))
    return wire(m, add(m, first, second, name=f"{name}_sum", adder=adder)[1 : width + 1], name)
