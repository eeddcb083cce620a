"""How a sum in a carrier becomes a number of a float accumulator, on arrays.

To nearest, adding and subtracting a magic number rounds, see `fp8mac.sim.codes.encoding`; one and a
half times a power of two does so for both signs. Toward zero, and with a random number added to the
pattern, bits are cut off::

    1.5 * 2**(e + shift)      11000000000000000000
    x = 1.xxxxxxxx * 2**e           1xxxxx|xxx
    sum, rounded              110000001yyyyy

Sums that are multiples of the accumulator's smallest number (``on_grid``) need nothing more: below
the normal numbers all of their bits are kept, and none but zero becomes zero.

# Ref: S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms
#      using rounding to odd, IEEE Transactions on Computers 57(4), 2008
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Overflow, Rounding, ZeroSign
from fp8mac.sim.gemm.carrier import Carrier

__all__ = ["Floats", "Limit", "Rounder", "odd_sum", "odd_sum_of_three"]

Floats = NDArray[Any]


class Limit(IntEnum):
    """What is done about sums out of range."""

    NONE = 0  #: There are none.
    SCALE = 1  #: They become infinite, as those of the carrier do that is scaled.
    CLAMP = 2  #: They become the largest number, and none is infinite.
    SELECT = 3  #: They, and infinite ones, become what the format says.


@dataclass(frozen=True)
class Rounder:
    """Constants of an accumulator in a carrier; patterns are the carrier's.

    Parameters
    ----------
    native : bool
        The carrier's addition has rounded already.
    odd : bool
        The carrier's addition is made to round to odd.
    on_grid : bool
        All sums are multiples of the accumulator's smallest number, and zeros are positive.
    random_bits : int
        Of stochastic rounding.
    smallest : int
        Pattern of ``2**emin``.
    step : int
        What makes a magic number of a power of two.
    kept : int
        The bits of the carrier that the accumulator has.
    flush : float
        Sums below it become zero, of a native carrier after they are rounded.
    limit : Limit
        What is done about sums out of range.
    maximum, beyond, infinite : float
        The largest number; what finite sums beyond it and infinite sums become.
    scale : float
        Twice the largest power of two of the format, times this, is the carrier's infinity.
    zero : ZeroSign
        Sign of results that are zero.
    """

    dtype: np.dtype[Any]
    integer: np.dtype[Any]
    mantissa_bits: int
    shift: int
    native: bool
    odd: bool
    on_grid: bool
    rounding: Rounding
    random_bits: int
    smallest: int
    step: int
    kept: int
    exponent_mask: int
    flush: float
    limit: Limit
    maximum: float
    beyond: float
    infinite: float
    scale: float
    zero: ZeroSign

    @classmethod
    @lru_cache(maxsize=256)
    def of(
        cls,
        acc: FloatAccConfig,
        carrier: Carrier,
        *,
        native: bool = False,
        on_grid: bool = False,
        overflows: bool = True,
        special: bool = True,
    ) -> "Rounder":
        """Rounder of an accumulator in a carrier.

        ``overflows`` says whether finite sums may be out of range, ``special`` whether there are
        infinities and NaN among what is added.
        """
        format_ = acc.format
        narrow = carrier is Carrier.FLOAT32
        mantissa_bits, bias = (23, 127) if narrow else (52, 1023)
        shift = mantissa_bits - format_.mantissa_bits
        dtype = np.dtype(np.float32 if narrow else np.float64)
        maximum = min(float(format_.max), float(np.finfo(dtype).max))  # sums are smaller
        code_beyond = np.inf if format_.has_inf else np.nan
        saturates = acc.overflow is Overflow.SATURATE or not format_.has_nan
        infinite = np.inf if format_.has_inf else maximum if saturates else np.nan
        stops = acc.rounding is Rounding.RTZ and acc.overflow is not Overflow.TO_INF
        beyond = maximum if saturates or stops else code_beyond
        limit = Limit.SELECT
        if beyond == np.inf and 1 <= format_.emax < bias:
            limit = Limit.SCALE
        elif beyond == maximum and not special:
            limit = Limit.CLAMP
        if not overflows and not special:
            limit = Limit.NONE
        integer = np.dtype(np.uint32 if narrow else np.uint64)
        return cls(
            dtype=dtype,
            integer=integer,
            mantissa_bits=mantissa_bits,
            shift=shift,
            native=native,
            odd=carrier in (Carrier.ODD, Carrier.PAIR),
            on_grid=on_grid,
            rounding=acc.rounding,
            random_bits=acc.random_bits or 0,
            smallest=format_.emin + bias << mantissa_bits,
            step=(shift << mantissa_bits) + (1 << mantissa_bits - 1),
            kept=-1 << shift & int(np.iinfo(integer).max),
            exponent_mask=2 * bias + 1 << mantissa_bits,
            flush=0.0 if acc.subnormals and not acc.flushes else float(format_.min_normal),
            limit=limit,
            maximum=maximum,
            beyond=beyond,
            infinite=infinite,
            scale=2.0 ** (bias - format_.emax) if limit is Limit.SCALE else 1.0,
            zero=acc.zero,
        )

    def __call__(self, total: Floats, noise: NDArray[np.int64] | None, work: Floats) -> None:
        """Round ``total`` in place; ``work`` is room for as many numbers."""
        if self.native:
            if self.flush:
                np.copyto(total, total * 0, where=np.abs(total) < self.flush)
            return
        if self.zero is ZeroSign.SUM:
            total += 0.0  # makes +0 of -0
        self._round(total, noise, work)
        if self.zero is ZeroSign.PLUS:
            total += 0.0

    def _round(self, total: Floats, noise: NDArray[np.int64] | None, work: Floats) -> None:
        kind, pattern = self.integer.type, total.view(self.integer)
        sign = tiny = infinite = None
        if not self.on_grid or self.limit is Limit.SELECT:
            sign = pattern & kind(1 << 8 * self.integer.itemsize - 1)
            tiny = np.abs(total) < self.flush if self.flush else None
            infinite = np.isinf(total) if self.limit is Limit.SELECT else None
        if self.rounding is Rounding.RNE:
            self._to_nearest(total, pattern, work)
        elif self.on_grid:
            if noise is not None:
                pattern += (noise << (self.shift - self.random_bits)).astype(kind)
            pattern &= kind(self.kept)
        else:
            self._cut(total, noise)
        if sign is not None:
            if tiny is not None:
                total[tiny] = 0
            if infinite is not None:
                np.abs(total, out=total)
                np.copyto(total, self.beyond, where=total > self.maximum)
                np.copyto(total, self.infinite, where=infinite)
            pattern |= sign
        if self.limit is Limit.SCALE:
            total *= self.dtype.type(self.scale)
            total *= self.dtype.type(1 / self.scale)
        elif self.limit is Limit.CLAMP:
            np.clip(total, -self.maximum, self.maximum, out=total)

    def _to_nearest(self, total: Floats, pattern: NDArray[Any], work: Floats) -> None:
        kind, magic = self.integer.type, work.view(self.integer)
        np.bitwise_and(pattern, kind(self.exponent_mask), out=magic)
        if not self.on_grid:
            np.maximum(magic, kind(self.smallest), out=magic)
        magic += kind(self.step)
        total += work
        total -= work

    def _cut(self, total: Floats, noise: NDArray[np.int64] | None) -> None:
        """Toward zero, or to one of the neighbours as a random number says; without sign."""
        magnitude = np.abs(total)
        emin = self.smallest >> self.mantissa_bits
        field = magnitude.view(np.int64) >> self.mantissa_bits
        ulp = np.ldexp(1.0, np.maximum(field, emin) - 1023 - self.mantissa_bits + self.shift)
        finite = np.isfinite(magnitude)
        part = np.where(finite, magnitude, 0) / np.where(finite, ulp, 1)
        integer = np.floor(part)
        if noise is not None:
            rest = np.floor(np.ldexp(part - integer, self.random_bits)).astype(np.int64)
            integer += rest + noise >> self.random_bits
        total[:] = np.where(finite, integer * ulp, magnitude)


def _two_sum(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Rounded sum and its error, which add up to the exact sum.

    # Ref: D. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B
    """
    total = x + y
    virtual = total - x
    return total, (x - (total - virtual)) + (y - virtual)


def odd_sum(x: Floats, y: Floats) -> Floats:
    """Sum in float64; if inexact, the number next to the exact sum that has a last bit of one."""
    total, error = _two_sum(x, y)
    bits = total.view(np.int64)
    up = (error > 0) == (total > 0)
    move = (error != 0) & np.isfinite(error) & (bits & 1 == 0)
    bits += np.where(move, np.where(up, 1, -1), 0)
    return total


def odd_sum_of_three(acc: Floats, high: Floats, low: Floats) -> Floats:
    """``acc + high + low`` in float64, rounded to odd once; infinities and NaN are in ``high``.

    The two errors are added to odd, far below the sum; unless ``acc`` has cancelled ``high``, and
    then nothing has been rounded.
    """
    high = np.where(high == 0, -0.0, high)  # -0 is what changes nothing
    low = np.where(np.isfinite(high), low, -0.0)
    x, x_error = _two_sum(high, low)
    total, error = _two_sum(acc, x)
    result = odd_sum(total, odd_sum(error, x_error))
    plain = (result == 0) | ~np.isfinite(total)
    return np.where(plain, total, result)
