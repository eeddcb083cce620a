"""Numbers as integers with the exponents that a unit sees, cut and rounded; arrays of 64 bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, TermCut, ZeroSign
from fp8mac.hw.config.silicon.alignment import Exponents
from fp8mac.sim.codes.encoding import decode

__all__ = ["NO_EXPONENT", "Integers", "Terms", "cut", "read", "rounded"]

Integers = NDArray[np.int64]

NO_EXPONENT = -(1 << 20)
"""Exponent of what has none."""


@dataclass(frozen=True)
class Terms:
    """Operands, or accumulators: significands with signs, exponents, and where they are special."""

    significand: Integers
    exponent: Integers
    special: NDArray[np.float64] | None


def read(codes: NDArray[Any], format_: FloatFormat, rules: Exponents) -> Terms:
    """Numbers of codes."""
    code = codes.astype(np.int64)
    unsigned = code & (format_.sign_code - 1)
    field = unsigned >> format_.mantissa_bits
    mantissa = unsigned & ((1 << format_.mantissa_bits) - 1)
    magnitude = np.where(field > 0, mantissa | 1 << format_.mantissa_bits, mantissa)
    exponent = np.maximum(field, 1) - format_.exponent_bias
    values = decode(codes, format_)
    finite = np.isfinite(values)
    magnitude = np.where(finite, magnitude, 0)
    zero = NO_EXPONENT if rules.of_zero is None else rules.of_zero
    exponent = np.where(magnitude > 0, exponent, np.where(finite, zero, NO_EXPONENT))
    special = None if finite.all() else np.where(finite, np.sign(values), values)
    return Terms(np.where(code & format_.sign_code > 0, -magnitude, magnitude), exponent, special)


def cut(number: Integers, shift: Integers, how: TermCut) -> Integers:
    """Number times ``2**shift``, with what is below one cut off."""
    left, right = np.clip(shift, 0, 62), np.clip(-shift, 0, 62)
    if how is TermCut.FLOOR:
        return number << left >> right
    magnitude = np.abs(number)
    kept = magnitude >> right
    if how is TermCut.ODD:
        kept |= kept << right != magnitude
    return np.where(number < 0, -kept, kept) << left


def rounded(acc: FloatAccConfig, total: Integers, unit: Integers) -> Integers:
    """Codes of ``total * 2**unit``; every exact zero is +0."""
    form, magnitude = acc.format, np.abs(total)
    leading = unit + np.frexp(magnitude.astype(np.float64))[1] - 1
    ulp = np.maximum(leading - form.mantissa_bits, form.lsb_exponent)
    right = np.clip(ulp - unit, 0, 62)
    significand = magnitude << np.clip(unit - ulp, 0, 62) >> right
    rest = magnitude - (significand << right)
    if acc.rounding is Rounding.ODD:
        significand |= rest > 0
    elif acc.rounding is Rounding.RNE:
        half = (np.int64(1) << right) >> 1
        significand += (rest > half) | ((rest == half) & (rest > 0) & (significand & 1 > 0))
    code = np.where(magnitude > 0, (ulp - form.lsb_exponent << form.mantissa_bits) + significand, 0)
    stops = acc.rounding is Rounding.RTZ and acc.overflow is not Overflow.TO_INF
    code = np.minimum(code, form.max_code + (not stops))
    negative = (total < 0) & ((code > 0) | (acc.zero is not ZeroSign.PLUS))
    return code + negative * np.int64(form.sign_code)
