"""Exponents as two digits: a low one that shifts before the largest is known, and a high one.

::

    exponent            13 = 3 * 4 + 1
    significand         1.011                 at 2**13
    shifted             10.11                 at 2**12, one of few places

Of the high digits the largest is an OR: a *thermometer* says of each digit whether it is reached.
"""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.parts.prefix import at_least, choose, wire

__all__ = ["FINE", "Digits", "Reached", "Shifted", "shifted"]

FINE = 2
"""Bits of the low digit."""


class Shifted(NamedTuple):
    """A significand, shifted to a place that its high digit tells.

    Parameters
    ----------
    significand : Value
        In units of ``2**(4 * digit - fraction bits)``.
    digit : Value
        High digit of the exponent, signed or not.
    low : Value
        Whether the low digit is at least 1, 2, 3.
    """

    significand: Value
    digit: Value
    low: Value


def shifted(m: Module, significand: Value, exponent: Value, name: str) -> Shifted:
    """Split an exponent, and shift by its low digit."""
    value = significand
    for stage in range(FINE):
        step = 1 << stage
        moved = Cat(Const(0, step), value)
        value = wire(m, choose(exponent[stage], moved, value), f"{name}_left_{step}")
    first, second = exponent[0], exponent[1]
    low = wire(m, Cat(first | second, second, first & second), f"{name}_low")
    return Shifted(value, exponent[FINE:], low)


class Reached(NamedTuple):
    """Which digits a number reaches.

    Parameters
    ----------
    levels : Value
        Whether it is at least 1, 2, ...
    """

    levels: Value

    @classmethod
    def of(cls, m: Module, digit: Value, highest: int, counts: Value, name: str) -> "Reached":
        """Those of a digit, if it counts; one that is negative reaches none."""
        if digit.shape().signed:
            digit, counts = digit[:-1], counts & ~digit[-1]
        levels = (at_least(digit, k) & counts for k in range(1, highest + 1))
        return cls(wire(m, Cat(*levels), name))

    @classmethod
    def of_largest(cls, m: Module, terms: Sequence["Reached"], name: str) -> "Reached":
        """Those of the largest of some numbers."""
        most = max(len(each.levels) for each in terms)
        levels = (
            Cat(*(each.levels[k] for each in terms if k < len(each.levels))).any()
            for k in range(most)
        )
        return cls(wire(m, Cat(*levels), name))

    def exactly(self, m: Module, name: str) -> Value:
        """Whether it is 0, 1, ..."""
        levels = Cat(Const(1, 1), self.levels, Const(0, 1))
        return wire(m, levels[:-1] & ~levels[1:], name)


class Digits(NamedTuple):
    """A digit that is so much below the largest, as terms compare it with their own.

    Parameters
    ----------
    digit : Value
        Its bits.
    valid : Value
        Whether there is such a digit.
    """

    digit: Value
    valid: Value

    @classmethod
    def below(cls, m: Module, exactly: Value, distance: int, highest: int) -> "Digits":
        """The one ``distance`` below the largest, of digits from 0 to ``highest``."""
        bits = max(highest.bit_length(), 1)
        found = range(min(len(exactly) - distance, highest + 1))
        digit = Cat(
            *(
                Cat(*(exactly[k + distance] for k in found if k >> bit & 1)).any()
                for bit in range(bits)
            )
        )
        valid = Cat(*(exactly[k + distance] for k in found)).any()
        return cls(wire(m, digit, f"below_{distance}"), wire(m, valid, f"is_below_{distance}"))

    def equals(self, digit: Value) -> Value:
        """Whether a term has it."""
        return Cat(~(digit ^ self.digit), self.valid).all()
