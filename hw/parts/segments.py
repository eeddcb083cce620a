"""Registers in segments: the carry out of each is a flip-flop, and enters the next a cycle later.

::

    word      [ y_2 ]     [ y_1 ]     [ y_0 ]         value = word + k_2 * 2**(2 S) + k_1 * 2**S
                 ^           ^           ^
              k_2 <-[FF]- carry  k_1 <-[FF]- carry          a step: y_j + p_j + k_j, S bits each

No carry is ever lost, only late, and no path is longer than a segment. The carry out of the last
segment is dropped: the value counts modulo two to the width.

# Ref: F. de Dinechin, B. Pasca, O. Cret, R. Tudoran, An FPGA-specific approach to floating-point
#      accumulation and sum-of-products, FPT 2008 (partial carry-save)
"""

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import add, wire

__all__ = ["add_number", "add_product", "carry_ports", "resolved"]

Register = tuple[Value, Value]
"""A word, and the carries into its segments but the lowest."""


def carry_ports(width: int, segment_bits: int | None) -> dict[str, wiring.Member]:
    """Ports of an accumulator for the carries between its segments; none without segments."""
    if segment_bits is None:
        return {}
    carries = (width - 1) // segment_bits
    return {"c_carry": In(carries), "y_carry": Out(carries)}


def add_number(
    m: Module, register: Register, segment_bits: int, low: Value, *, sign: Value, one: Value
) -> Register:
    """Add ``low``, with ``sign`` in all places above, and ``one`` in the lowest place."""
    word, carries = register
    entering = Cat(one, carries)
    sums: list[Value] = []
    leaving: list[Value] = []
    for at, first in enumerate(range(0, len(word), segment_bits)):
        carry: Value = entering[at]
        last = min(first + segment_bits, len(word))
        for place in range(first, min(last, len(low))):
            total, carry = _add_bits(m, word[place], low[place], carry, f"{place}")
            sums.append(total)
        # One chain counts both ways: a bit toggles while all bits below it are at the end of their
        # range, ones on the way up and zeros on the way down. A number below zero is the segment's
        # largest one less a carry.
        step = carry ^ sign
        for place in range(max(first, len(low)), last):
            sums.append(word[place] ^ step)
            step = wire(m, step & (word[place] ^ sign), f"count_{place}")
            carry = step ^ sign
        leaving.append(wire(m, carry, f"carry_{at}"))
    return Cat(*sums), Cat(*leaving[:-1])


def add_product(
    m: Module,
    register: Register,
    segment_bits: int,
    add_terms: Callable[[CarrySaveTree], None],
    product_bits: int | None = None,
    *,
    small: bool = False,
) -> Register:
    """Add the terms of a product in two's complement.

    Parameters
    ----------
    add_terms : callable
        Adds them to a tree.
    product_bits : int, optional
        Where given, the terms are added up before, in so many bits, and the product has a sign: a
        product of zero then adds nothing to any segment. Otherwise they meet the register in one
        tree, where constants stand for signs: that is shorter, but what they add and take away
        in a segment leaves a carry, whatever the product.
    small : bool
        See `CarrySaveTree`.
    """
    if product_bits is not None:
        tree = CarrySaveTree(product_bits, small=small)
        add_terms(tree)
        product = wire(m, tree.elaborate_into(m), "product")
        return add_number(
            m, register, segment_bits, product[:-1], sign=product[-1], one=Const(0, 1)
        )
    word, carries = register
    tree = CarrySaveTree(len(word), small=small)
    tree.add_bits(0, word, arrival=_EARLY)
    add_terms(tree)
    (early, late), _ = tree.rows(m)
    sums: list[Value] = []
    leaving: list[Value] = []
    carry: Value = Const(0, 1)
    for place in range(len(word)):
        at, inside = divmod(place, segment_bits)
        if at and not inside:
            leaving.append(carry)
            carry = carries[at - 1]
        total, carry = _add_bits(m, early[place], late[place], carry, f"{place}")
        sums.append(total)
    return Cat(*sums), Cat(*leaving)


_EARLY = -70
"""When a register is there, the terms of a product being there at the start."""


def resolved(m: Module, register: Register, segment_bits: int, *, short: bool) -> Value:
    """The value of a register in segments, combinational.

    Half adders, but for the lowest place of a segment, where the carry from below is added too; or
    with a short path a prefix adder.
    """
    word, carries = register
    if short:
        gap = Const(0, segment_bits - 1)
        late = Cat(0, gap, *(Cat(carry, gap) for carry in carries), Const(0, segment_bits))
        return wire(m, add(m, word, late[: len(word)])[: len(word)], "resolved")
    sums: list[Value] = [*word[:segment_bits]]
    carry: Value = Const(0, 1)
    for place in range(segment_bits, len(word)):
        at, inside = divmod(place, segment_bits)
        if not inside:
            total, carry = _add_bits(m, carries[at - 1], word[place], carry, f"resolved_{place}")
            sums.append(total)
        else:
            sums.append(word[place] ^ carry)
            carry = wire(m, word[place] & carry, f"resolving_{place}")
    return wire(m, Cat(*sums), "resolved")


def _add_bits(m: Module, a: Value, b: Value, carry: Value, name: str) -> tuple[Value, Signal]:
    """Sum and carry of three bits, of which ``a`` is there first."""
    half = wire(m, a ^ b, f"half_{name}")
    total = wire(m, half ^ carry, f"sum_{name}")
    return total, wire(m, Mux(half, carry, a), f"carried_{name}")
