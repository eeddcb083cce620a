"""The sum of a register and a number, in carry chains; where a sum begins, the number alone."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.segments import carry_ports

__all__ = ["add_to_register", "register_ports"]


def register_ports(width: int, segment_bits: int | None) -> dict[str, wiring.Member]:
    """Ports of an accumulator for its register, before and after, and for ``clear``."""
    word: dict[str, wiring.Member] = {"c": In(width), "clear": In(1), "y": Out(width)}
    return word | carry_ports(width, segment_bits)


def add_to_register(m: Module, accumulator: Any, addend: Value, segment_bits: int | None) -> None:
    """Drive ``y``, and ``y_carry`` where there are segments, of an accumulator with those ports.

    A chain for each segment; the carry that enters it is one place more below. The table behind a
    chain has an input left, which chooses the number where a sum begins, so that no gate stands
    between the register and the chain.

    Parameters
    ----------
    accumulator : Component
        With `register_ports`.
    addend : Value
        Number, two's complement, as wide as the register.
    segment_bits : int, optional
        See `fp8mac.hw.parts.segments`; by default there is one chain.
    """
    word, clear, width = accumulator.c, accumulator.clear, len(addend)
    if segment_bits is None:
        m.d.comb += accumulator.y.eq(Mux(clear, addend, (word + addend)[:width]))
        return
    carries: list[Value] = []
    for at, first in enumerate(range(0, width, segment_bits)):
        last = min(first + segment_bits, width)
        low, number = word[first:last], addend[first:last]
        total = Signal(last - first + 1, name=f"segment_{at}")
        if at:
            entering = accumulator.c_carry[at - 1]
            m.d.comb += total.eq((Cat(entering, low) + Cat(entering, number))[1:])
        else:
            m.d.comb += total.eq(low + number)
        m.d.comb += accumulator.y[first:last].eq(Mux(clear, number, total[:-1]))
        carries.append(total[-1] & ~clear)
    m.d.comb += accumulator.y_carry.eq(Cat(*carries[:-1]))
