"""Float accumulators in numpy: one step of all elements of a block after the other.

These are the kernels' semantics in plain text; `fp8mac.sim.gemm_numba` compiles the same.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config import FloatAccConfig
from fp8mac.hw.formats import Overflow, Rounding
from fp8mac.sim.carrier import Carrier
from fp8mac.sim.noise import Draws

__all__ = ["Job", "Rounder", "accumulate", "add_once"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class Rounder:
    """How a sum in a carrier becomes a number of the accumulator; patterns are the carrier's.

    Parameters
    ----------
    native : bool
        The carrier's addition has rounded already.
    odd : bool
        The carrier's addition is made to round to odd.
    smallest, largest : int
        Patterns of ``2**emin``, and of a power of two out of range.
    step : int
        What makes a magic number of a power of two, see `fp8mac.sim.encoding`.
    flush : float
        Sums below it become zero.
    maximum, beyond, infinite : float
        The largest number; what finite sums beyond it and infinite sums become.
    """

    dtype: np.dtype[Any]
    integer: np.dtype[Any]
    mantissa_bits: int
    shift: int
    native: bool
    odd: bool
    rounding: Rounding
    smallest: int
    largest: int
    step: int
    exponent_mask: int
    flush: float
    maximum: float
    beyond: float
    infinite: float

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, acc: FloatAccConfig, carrier: Carrier, native: bool) -> "Rounder":
        """Rounder of an accumulator in a carrier."""
        format_ = acc.format
        narrow = carrier is Carrier.FLOAT32
        mantissa_bits, bias = (23, 127) if narrow else (52, 1023)
        shift = mantissa_bits - format_.mantissa_bits
        largest = min(format_.emax + 1, bias - shift)
        maximum = float(format_.max)
        special = np.inf if format_.has_inf else np.nan
        saturates = acc.overflow is Overflow.SATURATE or not format_.has_nan
        infinite = np.inf if format_.has_inf else maximum if saturates else np.nan
        return cls(
            dtype=np.dtype(np.float32 if narrow else np.float64),
            integer=np.dtype(np.uint32 if narrow else np.uint64),
            mantissa_bits=mantissa_bits,
            shift=shift,
            native=native,
            odd=carrier is Carrier.ODD,
            rounding=acc.rounding,
            smallest=format_.emin + bias << mantissa_bits,
            largest=largest + bias << mantissa_bits,
            step=shift << mantissa_bits,
            exponent_mask=2 * bias + 1 << mantissa_bits,
            flush=0.0 if acc.subnormals else float(format_.min_normal),
            maximum=maximum,
            beyond=maximum if saturates or acc.rounding is Rounding.RTZ else special,
            infinite=infinite,
        )

    def __call__(
        self, total: Floats, checked: bool, noise: NDArray[np.int64] | None, random_bits: int
    ) -> None:
        """Round ``total`` in place; unless ``checked``, no sum is out of range or special."""
        if self.native:
            return
        magnitude = np.abs(total)
        tiny = magnitude < self.flush if self.flush else None
        if noise is None:
            rounded = self._rounded(magnitude)
        else:
            rounded = self._stochastic(magnitude, noise, random_bits)
        if tiny is not None:
            rounded[tiny] = 0
        if checked:
            np.copyto(rounded, self.beyond, where=rounded > self.maximum)
            if self.infinite != self.beyond and not np.isnan(self.beyond):
                np.copyto(rounded, self.infinite, where=magnitude == np.inf)
        np.copysign(rounded, total, out=total)

    def _rounded(self, magnitude: Floats) -> Floats:
        kind = self.integer.type
        magic = magnitude.view(self.integer) & kind(self.exponent_mask)
        np.maximum(magic, kind(self.smallest), out=magic)
        np.minimum(magic, kind(self.largest), out=magic)
        magic += kind(self.step)
        one = magic.view(self.dtype)
        rounded = magnitude + one
        rounded -= one
        if self.rounding is Rounding.RTZ:
            one *= self.dtype.type(2.0**-self.mantissa_bits)
            one *= rounded > magnitude
            rounded -= one
        return rounded

    def _stochastic(self, magnitude: Floats, noise: NDArray[np.int64], random_bits: int) -> Floats:
        bits = magnitude.view(np.int64)
        emin = self.smallest >> self.mantissa_bits
        field = bits >> self.mantissa_bits
        ulp = np.ldexp(1.0, np.maximum(field, emin) - 1023 - self.mantissa_bits + self.shift)
        finite = np.isfinite(magnitude)
        part = np.where(finite, magnitude, 0) / np.where(finite, ulp, 1)
        integer = np.floor(part)
        rest = np.floor(np.ldexp(part - integer, random_bits)).astype(np.int64)
        rounded = (integer + (rest + noise >> random_bits)) * ulp
        return np.where(finite, rounded, magnitude)


@dataclass(frozen=True)
class Job:
    """What is computed of a block of rows.

    Parameters
    ----------
    rounder : Rounder
        What a step does to a sum.
    checked : bool
        Whether a sum may be out of range or special.
    lanes, align_bits
        See `fp8mac.sim.gemm.gemm`.
    a_exponents, b_exponents : ndarray of int32, shapes (m, k) and (k, n), or None
        Exponents of the operands; with ``align_bits`` only.
    acc_emin : int
        Smallest exponent of an accumulator; with ``align_bits`` only.
    draws : Draws, optional
        Random numbers of stochastic rounding.
    """

    rounder: Rounder
    checked: bool
    lanes: int = 1
    align_bits: int | None = None
    a_exponents: NDArray[np.int32] | None = None
    b_exponents: NDArray[np.int32] | None = None
    acc_emin: int = 0
    draws: Draws | None = None


def accumulate(job: Job, acc: Floats, a: Floats, b: Floats, rows: slice) -> None:
    """Add all products to some rows of the accumulators, in place.

    Parameters
    ----------
    acc, a, b : ndarray of the carrier's type, shapes (m, n), (m, k), (k, n)
        Values.
    rows : slice
        Which of ``m``.
    """
    held, mine = acc[rows], a[rows]
    x = np.empty_like(held)
    for step, first in enumerate(range(0, b.shape[0], job.lanes)):
        group = slice(first, first + job.lanes)
        with np.errstate(invalid="ignore"):
            if job.align_bits is not None:
                _align(job, held, mine, b, rows=rows, group=group, x=x)
            elif job.lanes == 1:
                np.multiply(mine[:, first, None], b[first], out=x)
            else:
                np.matmul(mine[:, group], b[group], out=x)
                _restore_negative_zeros(held, mine[:, group], b[group], x)
        add_once(job, held, x, step, rows)


def add_once(job: Job, acc: Floats, x: Floats, step: int, rows: slice) -> None:
    """Add ``x`` to some rows of the accumulators, in place, with the rounding of one step."""
    noise = None
    if job.draws is not None:
        noise = job.draws.of(step, rows.start, rows.start + len(acc))
    with np.errstate(over="ignore", invalid="ignore"):
        if job.rounder.odd:
            total, error = _two_sum(acc, x)
            _round_to_odd(total, error)
            acc[:] = total
        else:
            acc += x
        job.rounder(acc, job.checked, noise, job.draws.bits if job.draws else 0)


def _restore_negative_zeros(acc: Floats, a: Floats, b: Floats, x: Floats) -> None:
    """A matrix product is +0 where all products are -0; it matters to an accumulator of -0."""
    rows, columns = np.nonzero((acc == 0) & np.signbit(acc) & (x == 0))
    if rows.size:
        products = a[rows] * b.T[columns]
        negative = ((products == 0) & np.signbit(products)).all(axis=1)
        x[rows[negative], columns[negative]] = -0.0


def _align(
    job: Job, acc: Floats, a: Floats, b: Floats, *, rows: slice, group: slice, x: Floats
) -> None:
    """Truncate the accumulators, in place, and sum truncated products into ``x``."""
    assert job.align_bits is not None
    assert job.a_exponents is not None
    assert job.b_exponents is not None
    far = np.int64(-(1 << 20))
    usual = np.isfinite(acc) & (acc != 0)
    top = np.where(usual, np.maximum(np.frexp(acc)[1] - 1, job.acc_emin), far)
    lanes = range(*group.indices(b.shape[0]))
    products = [a[:, lane, None] * b[lane] for lane in lanes]
    for lane, product in zip(lanes, products, strict=True):
        exponents = job.a_exponents[rows, lane, None] + job.b_exponents[lane].astype(np.int64)
        usual = np.isfinite(product) & (product != 0)
        np.maximum(top, np.where(usual, exponents, far), out=top)
    unit = np.ldexp(1.0, np.where(top == far, 0, top - job.align_bits + 1))
    x.fill(-0.0)
    for product in products:
        x += np.trunc(product / unit) * unit
    acc[:] = np.trunc(acc / unit) * unit


def _two_sum(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Rounded sum and its error, which add up to the exact sum.

    # Ref: D. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B
    """
    total = x + y
    virtual = total - x
    return total, (x - (total - virtual)) + (y - virtual)


def _round_to_odd(total: Floats, error: Floats) -> None:
    """Make an inexact sum odd, in place: the number next to the exact sum that has a last one."""
    bits = total.view(np.int64)
    up = (error > 0) == (total > 0)
    move = (error != 0) & np.isfinite(error) & (bits & 1 == 0)
    bits += np.where(move, np.where(up, 1, -1), 0)
