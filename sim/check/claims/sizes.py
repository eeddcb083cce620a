"""Terms of sums of which only sizes, exponents and last bits are known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig

__all__ = ["Sizes", "exponents", "joined", "last_bits", "power"]

Array = NDArray[np.float64]


class Sizes(NamedTuple):
    """Of all sums: largest magnitude, largest exponent as seen, exponent of the last bit."""

    size: Array
    exponent: Array
    last: Array


def joined(terms: list[Sizes]) -> Sizes:
    """Exact sum of terms."""
    return Sizes(
        np.sum([each.size for each in terms], axis=0),
        np.max([each.exponent for each in terms], axis=0),
        np.min([each.last for each in terms], axis=0),
    )


def power(exponent: Array) -> Array:
    """Two to these powers, within the range of float64."""
    return np.exp2(np.clip(exponent, -1000, 1000))


def exponents(config: MacConfig, format_: Format, values: Array) -> Array:
    """Largest exponents that a unit sees in numbers up to these magnitudes."""
    seen = config.summation.exponents.operands or format_
    with np.errstate(divide="ignore"):
        found = np.floor(np.log2(np.abs(values)))
    if isinstance(seen, FloatFormat):
        found = np.where(np.isfinite(found), np.maximum(found, seen.emin), found)
    return found


def last_bits(values: Array) -> Array:
    """Exponents of the last one bits of numbers, inf of zero."""
    mantissa, exponent = np.frexp(values)
    whole = np.abs(np.ldexp(mantissa, 53)).astype(np.int64)
    lowest = (whole & -whole).astype(np.float64)
    with np.errstate(divide="ignore"):
        return np.where(whole == 0, np.inf, np.log2(lowest) + exponent - 53)
