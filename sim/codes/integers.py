"""Rounding to integers in numpy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FormatError, IntFormat, Overflow, Rounding

__all__ = ["round_integers"]

Array = NDArray[Any]


def round_integers(
    x: Array,
    format_: IntFormat,
    rounding: Rounding,
    overflow: Overflow,
    *,
    random: Array | None,
    random_bits: int,
) -> Array:
    """Two's complement of a block."""
    numbers = x.astype(np.float64)
    extreme = np.abs(numbers).max(initial=0)
    if np.isnan(extreme):
        raise FormatError(f"{format_.name} has no code for NaN.")
    largest = float(format_.max)
    smallest = float(format_.symmetric - 2 ** (format_.bits - 1))
    if overflow is not Overflow.WRAP:
        numbers = np.clip(numbers, smallest, largest)
    elif np.isinf(extreme):
        raise FormatError(f"An infinity cannot wrap in {format_.name}.")
    else:
        numbers = np.fmod(numbers, 2.0 ** (format_.bits + 1))  # one bit more than rounding needs
    if random is not None:
        magnitude = np.abs(numbers)
        integer = np.floor(magnitude)
        rest = np.floor(np.ldexp(magnitude - integer, random_bits)) + random
        numbers = np.copysign(integer + (rest >= 2.0**random_bits), numbers)
    elif rounding is Rounding.RNE:
        np.rint(numbers, out=numbers)
    elif rounding is Rounding.ODD:
        integer = np.trunc(numbers)
        odd = np.copysign(1.0, numbers) * (np.fmod(integer, 2) == 0)
        numbers = np.where(integer == numbers, numbers, integer + odd)
    else:
        np.trunc(numbers, out=numbers)
    return numbers.astype(np.int64) & ((1 << format_.bits) - 1)
