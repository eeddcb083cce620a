"""The sum of a register and a number, in carry chains; where a sum begins, the number alone."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["add_to_register"]


def add_to_register(m: Module, accumulator: Any, addend: Value) -> None:
    """Drive ``y``, and ``y_carry`` where there are segments, of an accumulator.

    A chain for each segment; the carry that enters it is one place more below. The table behind a
    chain has an input left, which chooses the number where a sum begins, so that no gate stands
    between the register and the chain.

    Parameters
    ----------
    accumulator : FixedAccumulator
        With ``clear``.
    addend : Value
        Number, two's complement, as wide as the register.
    """
    word, clear, width = accumulator.c, accumulator.clear, len(addend)
    segment_bits = accumulator.segment_bits
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
