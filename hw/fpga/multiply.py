"""Products, in carry chains or in multiplier blocks.

A row is one operand where a bit of the other is set. Neighbours are added in a carry chain each;
what lies below both passes by::

    row 0        x x x x        row 2        x x x x
    row 1      x x x x          row 3      x x x x
               ---------                   ---------
             y y y y y x                 y y y y y x
                  |                           |
                  +------------ + ------------+

# Ref: C. R. Baugh and B. A. Wooley, IEEE Trans. Computers C-22(12), 1973
"""

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Signal, Value

__all__ = ["Multiply", "in_blocks", "in_rows"]

Multiply = Callable[[Module, Value, Value], Value]
"""Makes the whole product of two vectors, each two's complement or unsigned as its shape says."""


def in_blocks(m: Module, a: Value, b: Value) -> Value:
    """One operator, for which synthesis takes a multiplier block."""
    return a * b


def in_rows(m: Module, a: Value, b: Value) -> Value:
    """Rows that are added in carry chains.

    The rows of a two's complement operand have their sign bit complemented, and so have all bits of
    the row of the other one's sign; what that lacks are ones in the places of the sign bits and in
    the top place of the product. They stand where a chain has no other bit, but for the sign bit of
    the shorter operand, which is a carry.
    """
    (b_signed, _, b), (a_signed, _, a) = sorted(
        ((v.shape().signed, len(v), v) for v in (b, a)), key=lambda each: each[:2]
    )
    top, last = len(a) - 1, len(b) - 1
    rows: list[Value] = [
        Cat(
            *(
                (x & y) ^ ((a_signed and i == top) != (b_signed and j == last))
                for i, x in enumerate(a)
            )
        )
        for j, y in enumerate(b)
    ]
    most = [(1 << len(a)) - 1] * len(rows)
    carry = b_signed and top != last
    if b_signed and not carry:
        rows[0], most[0] = Cat(rows[0], 1), (2 << len(a)) - 1
    elif a_signed:  # x + 1 has the complement of x, and x one place up
        rows[0] = Cat(rows[0][:-1], ~rows[0][-1], rows[0][-1])
        most[0] += 1 << top
    product = _add_rows(m, rows, most, len(a) + len(b), carry=carry, top_one=a_signed)
    return product.as_signed() if a_signed else product


def _add_rows(
    m: Module, rows: list[Value], most: list[int], width: int, *, carry: bool, top_one: bool
) -> Value:
    """Sum of ``rows[i] << i``, modulo ``2**width``, where ``rows[i]`` is ``most[i]`` at most.

    Parameters
    ----------
    carry : bool
        Whether one is added to the last row.
    top_one : bool
        Whether a one is added in the top place.
    """
    step = 1
    while len(rows) > 1:
        sums: list[Value] = []
        bounds: list[int] = []
        for first in range(0, len(rows) - 1, 2):
            low, high = rows[first : first + 2]
            one = carry and first + 2 == len(rows)
            bounds.append(most[first] + (most[first + 1] + one << step))
            bits = bounds[-1].bit_length()
            if len(rows) == 2:
                bits = width
                if top_one:
                    low = Cat(low, Const(0, width - 1 - len(low)), 1)
            total = Signal(bits - step, name=f"rows_{step}_{first}")
            if one:
                m.d.comb += total.eq((Cat(1, low[step:]) + Cat(1, high))[1:])
                carry = False
            else:
                m.d.comb += total.eq(low[step:] + high)
            sums.append(Cat(low[:step], total))
        if len(rows) % 2:
            sums.append(rows[-1])
            bounds.append(most[-1])
        rows, most, step = sums, bounds, 2 * step
    return rows[0][:width]
