"""Kernels of `fp8mac.sim.gemm_numpy` and `fp8mac.sim.gemm_fixed`, compiled.

The innermost loop is over columns, so that the compiler makes vectors of them. A kernel is built
for each way of rounding; formats are arguments.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fp8mac.hw.formats import Rounding
from fp8mac.sim.gemm_numpy import Floats, Job, Rounder
from fp8mac.sim.jit import add_bits, and_bits, as_bits, as_float, jit, or_bits, whole_registers

__all__ = ["accumulate", "saturate"]

_COLUMNS = 256  # of a block, whose accumulators stay in the first cache


class _Constants(NamedTuple):
    """`Rounder` in the types of the carrier; see there, and `fp8mac.sim.encoding`."""

    sign: Any
    exponent: Any
    smallest: Any
    step: Any
    ulp: Any
    fine_step: Any
    fine_ulp: Any
    flush: Any
    maximum: Any
    beyond: Any
    infinite: Any
    inf: Any
    zero: Any


def _constants(rounder: Rounder, random_bits: int) -> _Constants:
    real, whole = rounder.dtype.type, np.dtype(f"i{rounder.dtype.itemsize}").type
    one = 1 << rounder.mantissa_bits  # of the exponent field
    fine = rounder.shift - random_bits
    return _Constants(
        sign=whole(np.iinfo(whole).min),
        exponent=whole(rounder.exponent_mask),
        smallest=whole(rounder.smallest),
        step=whole(rounder.step),
        ulp=whole((rounder.shift - rounder.mantissa_bits) * one),
        fine_step=whole(fine * one),
        fine_ulp=whole((fine - rounder.mantissa_bits) * one),
        flush=real(rounder.flush),
        maximum=real(rounder.maximum),
        beyond=real(rounder.beyond),
        infinite=real(rounder.infinite),
        inf=real(np.inf),
        zero=real(0),
    )


@jit
def _draw(key: Any, place: Any, bits: Any) -> Any:
    """`fp8mac.sim.noise.noise`, as a float."""
    mixed = np.uint32(np.uint32(np.uint32(place) * np.uint32(0x9E37_79B1)) ^ key)
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x85EB_CA6B))
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2_AE35))
    mixed = np.uint32(mixed ^ (mixed >> np.uint32(16)))
    return np.float64(np.uint32(mixed >> np.uint32(32 - bits)) if bits > 0 else np.uint32(0))


@jit
def _down(magnitude: Any, power: Any, step: Any, ulp: Any) -> Any:
    """Nearest multiple of an ulp toward zero."""
    magic = as_float(add_bits(power, step))
    rounded = (magnitude + magic) - magic
    return rounded - as_float(add_bits(power, ulp)) if rounded > magnitude else rounded


@jit
def _odd_sum(x: Any, y: Any) -> Any:
    """Sum in float64, rounded to odd."""
    total = x + y
    virtual = total - x
    error = (x - (total - virtual)) + (y - virtual)
    bits = as_bits(total)
    move = 1 if (error > 0) == (total > 0) else -1
    even = bits & 1 == 0
    inexact = (error > 0) | (error < 0)
    return as_float(bits + move if even & inexact else bits)


@jit
def _nearest(magnitude: Any, power: Any, step: Any) -> Any:
    """Nearest multiple of an ulp, ties to even."""
    magic = as_float(add_bits(power, step))
    return (magnitude + magic) - magic


@jit
def _stochastic(magnitude: Any, power: Any, c: Any, drawn: Any) -> Any:
    """Multiple of an ulp below a number or above it, as a random number says."""
    fine = _down(magnitude, power, c.fine_step, c.fine_ulp)
    fine += drawn * as_float(add_bits(power, c.fine_ulp))
    return _down(fine, power, c.step, c.ulp)


@jit
def _limit(rounded: Any, magnitude: Any, c: Any, flushes: Any, checks: Any) -> Any:
    """What the accumulator holds instead of numbers that it does not have."""
    if flushes:
        rounded = c.zero if magnitude < c.flush else rounded
    if checks > 0:
        rounded = c.beyond if rounded > c.maximum else rounded
    if checks > 1:
        rounded = c.infinite if magnitude == c.inf else rounded
    return rounded


@jit
def _sum_products(x: Any, left: Any, right: Any) -> None:
    """Exact sums of ``left @ right`` into ``x``; the sum of all -0 is -0."""
    for j in range(x.shape[0]):
        x[j] = left[0] * right[0, j]
    count, lane = left.shape[0], 1
    while lane + 4 <= count:
        a0, a1, a2, a3 = left[lane], left[lane + 1], left[lane + 2], left[lane + 3]
        b0, b1, b2, b3 = right[lane], right[lane + 1], right[lane + 2], right[lane + 3]
        for j in range(x.shape[0]):
            x[j] += ((a0 * b0[j] + a1 * b1[j]) + a2 * b2[j]) + a3 * b3[j]
        lane += 4
    for last in range(lane, count):
        for j in range(x.shape[0]):
            x[j] += left[last] * right[last, j]


@jit
def _align(rows: Any, products: Any, exponents: Any, window: Any) -> None:
    """`fp8mac.sim.gemm_numpy._align` of a row."""
    x, unit, row = rows
    left, right = products
    a_exponents, b_exponents = exponents
    acc_emin, align_bits = window
    none = -(1 << 20)
    for j in range(row.shape[0]):
        top = none
        if row[j] != 0 and abs(row[j]) < np.inf:
            top = max((as_bits(abs(row[j])) >> 52) - 1023, acc_emin)
        for lane in range(left.shape[0]):
            product = left[lane] * right[lane, j]
            if product != 0 and abs(product) < np.inf:
                top = max(top, np.int64(a_exponents[lane]) + b_exponents[lane, j])
        unit[j] = 1.0 if top == none else as_float((top - align_bits + 1024) << 52)
        x[j] = -0.0
        row[j] = np.trunc(row[j] / unit[j]) * unit[j]
    for lane in range(left.shape[0]):
        for j in range(row.shape[0]):
            x[j] += np.trunc(left[lane] * right[lane, j] / unit[j]) * unit[j]


class _Variant(NamedTuple):
    """What a kernel is built for; the compiler drops what it excludes."""

    single: bool  # one product a step
    aligned: bool
    native: bool
    odd: bool
    rounding: Rounding
    flushes: bool
    checks: int  # 0: no sum is out of range; 1: some are; 2: and infinite ones become other numbers

    @classmethod
    def of(cls, job: Job) -> "_Variant":
        """Variant for a job."""
        rounder = job.rounder
        same = rounder.beyond == rounder.infinite or np.isnan(rounder.beyond)
        return cls(
            single=job.lanes == 1 and job.align_bits is None,
            aligned=job.align_bits is not None,
            native=rounder.native,
            odd=rounder.odd,
            rounding=rounder.rounding,
            flushes=bool(rounder.flush),
            checks=job.checked * (1 if same else 2),
        )


@lru_cache(maxsize=64)
def _kernel(variant: _Variant) -> Any:
    single, aligned, native, odd, rounding, flushes, checks = variant
    stochastic, toward_zero = rounding is Rounding.STOCHASTIC, rounding is Rounding.RTZ

    @jit
    def kernel(acc: Any, a: Any, b: Any, span: Any, tables: Any) -> None:
        whole_registers()
        first, last, lanes = span
        c, keys, random_bits, a_exponents, b_exponents, acc_emin, align_bits = tables
        count, n = b.shape
        x, unit = np.empty(_COLUMNS, acc.dtype), np.empty(_COLUMNS, acc.dtype)
        for i in range(first, last):
            for column in range(0, n, _COLUMNS):
                end = min(column + _COLUMNS, n)
                row = acc[i, column:end]
                for k in range(0, count, lanes):
                    left, right = a[i, k], b[k, column:end]
                    step = k // lanes
                    stop = min(k + lanes, count)
                    if aligned:
                        exponents = a_exponents[i, k:stop], b_exponents[k:stop, column:end]
                        products = a[i, k:stop], b[k:stop, column:end]
                        _align((x, unit, row), products, exponents, (acc_emin, align_bits))
                    elif not single:
                        _sum_products(x[: end - column], a[i, k:stop], b[k:stop, column:end])
                    for j in range(end - column):
                        product = left * right[j] if single else x[j]
                        total = _odd_sum(row[j], product) if odd else row[j] + product
                        if native:
                            row[j] = total
                        else:
                            bits, magnitude = as_bits(total), abs(total)
                            power = and_bits(bits, c.exponent)
                            power = c.smallest if power < c.smallest else power
                            if stochastic:
                                place = i * n + column + j
                                drawn = _draw(keys[step], place, random_bits)
                                rounded = _stochastic(magnitude, power, c, drawn)
                            elif toward_zero:
                                rounded = _down(magnitude, power, c.step, c.ulp)
                            else:
                                rounded = _nearest(magnitude, power, c.step)
                            rounded = _limit(rounded, magnitude, c, flushes, checks)
                            row[j] = as_float(or_bits(as_bits(rounded), and_bits(bits, c.sign)))

    return kernel


def accumulate(job: Job, acc: Floats, a: Floats, b: Floats, rows: slice) -> None:
    """`fp8mac.sim.gemm_numpy.accumulate`."""
    steps = range(-(-b.shape[0] // job.lanes) if job.draws else 0)
    keys = np.array([job.draws.key(step) for step in steps if job.draws], np.uint32)
    random_bits = job.draws.bits if job.draws else 0
    window = job.a_exponents, job.b_exponents, job.acc_emin, job.align_bits
    if job.align_bits is None:
        window = np.zeros((0, 0), np.int32), np.zeros((0, 0), np.int32), 0, 0
    tables = _constants(job.rounder, random_bits), keys, random_bits, *window
    kernel = _kernel(_Variant.of(job))
    kernel(acc, a, b, (rows.start, rows.stop, job.lanes), tables)


@jit
def saturate(acc: Any, a: Any, b: Any, span: Any, largest: Any) -> None:
    """`fp8mac.sim.gemm_fixed.saturate`."""
    whole_registers()
    first, last, lanes = span
    count, n = b.shape
    x = np.empty(n, np.int64)
    for i in range(first, last):
        for k in range(0, count, lanes):
            x[:] = 0
            for lane in range(k, min(k + lanes, count)):
                for j in range(n):
                    x[j] += a[i, lane] * b[lane, j]
            for j in range(n):
                total = acc[i, j] + x[j]
                total = largest if total > largest else total
                acc[i, j] = ~largest if total < ~largest else total
