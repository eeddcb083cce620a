"""What compiled kernels of units that align their terms are built for."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import TermCut

__all__ = ["LOWEST_OF_INTEGERS", "KernelShape", "PackedOperands", "Rule"]

_VECTOR_BYTES = 256  # four registers of 512 bits
LOWEST_OF_INTEGERS = -100
"""Smallest exponent of a product, or accumulator, that is added in integers."""


class Rule(NamedTuple):
    """How an accumulator with infinities rounds, in a carrier of so many bits of mantissa."""

    bits: int
    mantissa_bits: int
    emin: int
    rounding: str
    on_grid: bool  #: all sums are multiples of the smallest number
    overflows: bool
    zero: str  #: sign of results that are zero
    maximum: float
    beyond: float  #: in place of what is larger


class KernelShape(NamedTuple):
    """What a kernel is built for; cuts as `TermCut` spells them.

    Parameters
    ----------
    bits : int
        Of the carrier's mantissa: 23 or 52.
    window : int
        Of the products, or of each group of them; 0 if their sum is exact.
    join : int
        Window of the groups' sums; 0 if there is none.
    late : bool
        Whether the accumulator is added late, in windows of ``sum_bits`` and ``acc_bits``; 0 where
        the sum is rounded instead. Beyond a distance ``drop``, if that is not -1, it is zero.
    scaled : bool
        Exponents are those of groups, and not of products.
    clamps : bool
        Whether accumulators may be subnormal.
    zero : int, optional
        Exponent of an accumulator that is zero.
    rule, outer : Rule
        How the accumulator, and one that sums of chunks come into, are rounded.
    run, narrow : int, bool
        So many products of a step are added in integers of 32 bits, and whether these hold the
        accumulator as well; 0 where floats add them.
    """

    bits: int
    window: int
    cut: str
    ways: int
    join: int
    join_cut: str
    late: bool
    sum_bits: int
    acc_bits: int
    late_cut: str
    drop: int
    scaled: bool
    clamps: bool
    zero: int | None
    rule: Rule
    outer: Rule | None
    run: int = 0
    narrow: bool = False

    @property
    def splits(self) -> bool:
        """Whether positive and negative products are summed apart."""
        return self.run == 0 and self.window > 0 and self.cut == TermCut.TRUNCATE.value

    @property
    def width(self) -> int:
        """Columns of a panel of right operands."""
        return _VECTOR_BYTES // np.dtype(self.dtype).itemsize

    @property
    def bias(self) -> int:
        """Of the carrier's exponents."""
        return 127 if self.bits == 23 else 1023

    @property
    def lowest_exponent(self) -> int:
        """Exponent of what has none: below all others, and its power of two is normal."""
        return -110 if self.bits == 23 and not self.run else -900

    @property
    def lowest_level(self) -> int:
        """Smallest exponent that terms are aligned to."""
        return LOWEST_OF_INTEGERS if self.run else self.lowest_exponent

    @property
    def dtype(self) -> Any:
        """Type of the carrier."""
        return np.float32 if self.bits == 23 else np.float64


class PackedOperands(NamedTuple):
    """Operands of a product, ready to be added.

    Parameters
    ----------
    left : ndarray of float, shape (m, k)
        Without signs, where positive and negative products are summed apart.
    places : ndarray of int32, shape (m, k)
        Where in a row of ``right`` those are whose products are positive.
    left_exponents : ndarray of int16, shape (m, k) or (m, groups of all steps)
        As the unit sees them, with the carrier's bias.
    right : ndarray of float, shape (panels, k, 1 or 2, width)
        Where products are summed apart, the positive ones, and the others negated.
    right_exponents : ndarray of int16, shape (panels, k or groups, width)
    """

    left: NDArray[Any]
    places: NDArray[np.int32]
    left_exponents: NDArray[np.int16]
    right: NDArray[Any]
    right_exponents: NDArray[np.int16]
