"""Exact values: numbers, infinities and NaN, multiplied and added without error.

# Ref: IEEE 754-2019, sections 6.1 (infinities), 6.3 (the sign bit), 7.2 (invalid operation)
"""

from enum import Enum
from fractions import Fraction
from typing import NamedTuple

__all__ = ["NAN", "Kind", "Value", "add", "multiply"]


class Kind(Enum):
    """Sort of a value: a number (zero included), an infinity, or not a number."""

    FINITE = "finite"
    INF = "inf"
    NAN = "nan"


# Plain globals: several times faster to read than members of a class.
_FINITE, _INF, _NAN = Kind.FINITE, Kind.INF, Kind.NAN


class Value(NamedTuple):
    """Exact number ``(-1)**sign * magnitude * 2**exponent``, or an infinity, or NaN.

    Zero has a sign. A number has many spellings (``6 * 2**0``, ``3 * 2**1``): compare fractions,
    not values. An infinity has magnitude and exponent 0; NaN has the sign 0 as well.
    """

    sign: int
    magnitude: int
    exponent: int
    kind: Kind = Kind.FINITE

    @classmethod
    def of(cls, number: int | Fraction) -> "Value":
        """Value of an integer or a binary fraction.

        Raises
        ------
        ValueError
            If the denominator is not a power of two.

        Examples
        --------
        >>> Value.of(Fraction(-3, 8))
        Value(sign=1, magnitude=3, exponent=-3, kind=<Kind.FINITE: 'finite'>)
        """
        if number.denominator & (number.denominator - 1):
            raise ValueError(f"{number} is not a binary fraction.")
        return cls(int(number < 0), abs(number.numerator), 1 - number.denominator.bit_length())

    @property
    def fraction(self) -> Fraction:
        """The number.

        Raises
        ------
        ValueError
            If it is infinite or NaN.
        """
        if self.kind is not _FINITE:
            raise ValueError(f"A value of kind '{self.kind.value}' is not a number.")
        return (-1) ** self.sign * self.magnitude * Fraction(2) ** self.exponent


NAN = Value(0, 0, 0, _NAN)
"""Not a number."""


def multiply(x: Value, y: Value) -> Value:
    """Exact product; its sign is the exclusive or of the signs, for zeros and infinities too.

    ========  ======  ========  =====  =====
    x * y     zero    number    inf    NaN
    ========  ======  ========  =====  =====
    zero      zero    zero      NaN    NaN
    number    zero    number    inf    NaN
    inf       NaN     inf       inf    NaN
    NaN       NaN     NaN       NaN    NaN
    ========  ======  ========  =====  =====
    """
    if x.kind is _FINITE is y.kind:
        return Value(x.sign ^ y.sign, x.magnitude * y.magnitude, x.exponent + y.exponent)
    zero = (x.kind is _FINITE and not x.magnitude) or (y.kind is _FINITE and not y.magnitude)
    if zero or x.kind is _NAN or y.kind is _NAN:
        return NAN
    return Value(x.sign ^ y.sign, 0, 0, _INF)


def add(x: Value, y: Value) -> Value:
    """Exact sum; a zero sum is +0, as in all roundings but downward, save that (-0) + (-0) = -0.

    ========  ========  ======  ======  =====
    x + y     number    +inf    -inf    NaN
    ========  ========  ======  ======  =====
    number    number    +inf    -inf    NaN
    +inf      +inf      +inf    NaN     NaN
    -inf      -inf      NaN     -inf    NaN
    NaN       NaN       NaN     NaN     NaN
    ========  ========  ======  ======  =====
    """
    if x.kind is _FINITE is y.kind:
        exponent = x.exponent if x.exponent < y.exponent else y.exponent
        x_units = x.magnitude << (x.exponent - exponent)
        y_units = y.magnitude << (y.exponent - exponent)
        total = (-x_units if x.sign else x_units) + (-y_units if y.sign else y_units)
        return Value(int(total < 0) if total else x.sign & y.sign, abs(total), exponent)
    if x.kind is _NAN or y.kind is _NAN or (x.kind is y.kind and x.sign != y.sign):
        return NAN
    return x if x.kind is _INF else y
