"""Which codes a format has, and the numbers that their fields spell."""

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FloatFormat, Format

__all__ = ["legal_codes", "values"]

Codes = NDArray[np.uint64]


def values(format_: Format, codes: Codes) -> NDArray[np.float64]:
    """Values of codes; infinities and NaN as the numbers that their fields spell.

    Exact, since no format has more than 32 bits of precision or leaves float64's range.
    """
    bits = codes.astype(np.int64)
    if not isinstance(format_, FloatFormat):
        half = 1 << (format_.bits - 1)
        return ((bits ^ half) - half).astype(np.float64)
    mantissa = bits & ((1 << format_.mantissa_bits) - 1)
    exponent = bits >> format_.mantissa_bits & ((1 << format_.exponent_bits) - 1)
    significand = mantissa + np.where(exponent > 0, 1 << format_.mantissa_bits, 0)
    magnitude = np.ldexp(significand, np.maximum(exponent, 1) - 1 + format_.lsb_exponent)
    return np.where(bits >> (format_.bits - 1) & 1, -magnitude, magnitude)


def legal_codes(format_: Format) -> list[int]:
    """Codes that may be presented to a unit: all but the one that a symmetric integer excludes."""
    excluded = 1 << (format_.bits - 1) if getattr(format_, "symmetric", False) else None
    return [code for code in range(1 << format_.bits) if code != excluded]
