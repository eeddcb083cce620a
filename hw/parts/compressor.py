"""Adding many bits of many weights: one tree for a product and what it is added to.

A *column* holds the bits of one weight. From the lowest column up, three bits of a column become
one of it and one of the next (a full adder, 5 gates) until a single bit is left; a half adder
appears only where two bits remain. Every full adder removes exactly one bit, so no order of the
same bits takes fewer gates, and the price is a carry that ripples.

::

        weight   3   2   1   0             3   2   1   0
                     x2  x1  x0                     *   x0 + y0 + z0  = s0 + 2 c1
                     y2  y1  y0     ->     ...  (x1 y1 z1) c1 -> s1, two carries
                     z2  z1  z0
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike

__all__ = ["Compressor"]


class Compressor:
    """Collects bits by weight, then adds them modulo ``2**width``.

    Parameters
    ----------
    width : int
        Bits of the sum; bits of higher weight are dropped.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._columns: list[list[Value]] = [[] for _ in range(width)]
        self._constant = 0

    @property
    def width(self) -> int:
        """Bits of the sum."""
        return self._width

    def add_bit(self, weight: int, bit: ValueLike) -> None:
        """Add one bit times ``2**weight``."""
        if weight < self._width:
            self._columns[weight].append(Value.cast(bit))

    def add_bits(self, weight: int, bits: ValueLike, arrival: int = 0) -> None:
        """Add an unsigned vector times ``2**weight``; when it is there does not matter."""
        for offset, bit in enumerate(Value.cast(bits)):
            self.add_bit(weight + offset, bit)

    def add_constant(self, constant: int) -> None:
        """Add a number, which may be negative; constants are summed before they become bits."""
        self._constant += constant

    def elaborate_into(self, m: Module) -> Value:
        """Add the adders to ``m``.

        Returns
        -------
        Value
            The sum, unsigned, ``width`` bits.
        """
        columns = [list(column) for column in self._columns]
        for weight in range(self._width):
            if self._constant >> weight & 1:
                columns[weight].append(Const(1, 1))
        for weight, column in enumerate(columns):
            while len(column) > 1:
                inputs = [column.pop(0) for _ in range(min(3, len(column)))]
                total, carry = _add_bits(m, inputs, f"{weight}_{len(column)}")
                column.append(total)
                if weight + 1 < self._width:
                    columns[weight + 1].append(carry)
        return Cat(*(column[0] if column else Const(0, 1) for column in columns))


def _add_bits(m: Module, inputs: list[Value], name: str) -> tuple[Value, Value]:
    """Half or full adder; a constant one among its inputs costs what it has to."""
    total = Signal(name=f"sum_{name}")
    carry = Signal(name=f"carry_{name}")
    a, b, c = (*inputs, Const(0, 1))[:3]
    propagate = a ^ b
    m.d.comb += [total.eq(propagate ^ c), carry.eq(Mux(propagate, c, a))]
    return total, carry
