"""Adding many bits of many weights without a ripple: two rows, then one prefix adder.

The columns are the compressor's (`fp8mac.hw.parts.compressor`), but they end with two bits: of the
bits of a column the first to arrive are added first, and the carry that comes last is left over::

    column w       a  b  c  d  carries of column w-1, the last one late
                   |__|__|  |     |
    full adder        s     |     |    while more than three bits are there: two of them less
                      |_____|     |
    half adder           s        |    if three are left: a full one would wait for the carry
                         |        |
    rows                 x        y

# Ref: V. G. Oklobdzija, D. Villeger, S. S. Liu, IEEE Trans. Computers 45(3), 1996
"""

from amaranth.hdl import Cat, Const, Module, Mux, Value, ValueLike

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import AND, CARRY, XOR, add, wire

__all__ = ["CarrySaveTree", "columns"]

_Bit = tuple[int, Value]
"""When a bit arrives, and the bit."""


class CarrySaveTree:
    """Collects bits by weight, then adds them modulo ``2**width``.

    Parameters
    ----------
    width : int
        Bits of the sum; bits of higher weight are dropped.
    adder : Adder
        How the carries of the last sum run.
    small : bool
        Whether full adders have one gate less, and a carry that is later.
    """

    def __init__(self, width: int, adder: Adder = Adder.FITTED, *, small: bool = False) -> None:
        self._width = width
        self._adder = adder
        self._small = small
        self._columns: list[list[_Bit]] = [[] for _ in range(width)]
        self._constant = 0

    @property
    def width(self) -> int:
        """Bits of the sum."""
        return self._width

    @property
    def small(self) -> bool:
        """Whether full adders have one gate less."""
        return self._small

    def add_bits(self, weight: int, bits: ValueLike, arrival: int = 0) -> None:
        """Add an unsigned vector times ``2**weight`` that is there at a time."""
        for place, bit in enumerate(Value.cast(bits), weight):
            if place < self._width:
                self._columns[place].append((arrival, bit))

    def add_constant(self, constant: int) -> None:
        """Add a number, which may be negative; constants are summed before they become bits."""
        self._constant += constant

    def elaborate_into(self, m: Module) -> Value:
        """Add the adders to ``m``; the sum, unsigned, ``width`` bits."""
        rows, arrivals = self.rows(m)
        return add(m, *rows, arrivals=arrivals, name="total")[: self._width]

    def rows(self, m: Module) -> tuple[tuple[Value, Value], list[int]]:
        """Add all adders but the last to ``m``.

        Returns
        -------
        rows : tuple of Value
            Two rows of ``width`` bits; the bits of the first come no later than the second's.
        arrivals : list of int
            When both bits of each place are there.
        """
        columns = [list(column) for column in self._columns]
        for weight in range(self._width):
            if self._constant >> weight & 1:
                columns[weight].append((0, Const(1, 1)))
        for weight, column in enumerate(columns):
            while len(column) > 2:
                column.sort(key=lambda bit: bit[0])
                taken = 2 if len(column) % 2 else 3
                name = f"{weight}_{len(column)}"
                total, carry = _add_bits(m, column[:taken], name, small=self._small)
                column[:taken] = [total]
                if weight + 1 < self._width:
                    columns[weight + 1].append(carry)
        zero = (0, Const(0, 1))
        first, second = (
            Cat(*((*column, zero, zero)[row][1] for column in columns)) for row in range(2)
        )
        arrivals = [max((arrival for arrival, _ in column), default=0) for column in columns]
        return (first, second), arrivals


def columns(width: int, adder: Adder) -> Compressor | CarrySaveTree:
    """What collects bits by weight for few gates: one ripple, or a tree before another adder."""
    return Compressor(width) if adder is Adder.RIPPLE else CarrySaveTree(width, adder)


def _add_bits(m: Module, bits: list[_Bit], name: str, *, small: bool) -> tuple[_Bit, _Bit]:
    """Sum and carry of two or three bits, in the order of their arrival."""
    (_, a), (ready, b), *last = bits
    half = wire(m, a ^ b, f"half_{name}")
    if not last:
        return (ready + XOR, half), (ready + AND, wire(m, a & b, f"carry_{name}"))
    late, c = last[0]
    total = wire(m, half ^ c, f"sum_{name}")
    if small:
        carry = wire(m, Mux(half, c, a), f"carry_{name}")
        return (max(ready + XOR, late) + XOR, total), (max(ready + XOR, late) + CARRY, carry)
    carry = wire(m, (a & b) | ((a | b) & c), f"carry_{name}")
    return (max(ready + XOR, late) + XOR, total), (max(ready + CARRY, late) + CARRY, carry)
