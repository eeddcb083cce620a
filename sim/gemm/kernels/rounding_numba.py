"""`rounding_numpy` and `codes.noise` of one number, compiled into each kernel."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fp8mac.hw.config.formats import Rounding, ZeroSign
from fp8mac.sim.gemm.kernels.rounding_numpy import Limit, Rounder
from fp8mac.sim.jit import add_bits, and_bits, as_bits, as_float, jit, multiply_add, or_bits

__all__ = [
    "STOCHASTIC",
    "CarrierConstants",
    "RoundingRule",
    "draw",
    "odd_sum",
    "odd_sum_of_three",
    "round_sum",
]


_ROUNDINGS = (Rounding.RNE, Rounding.RTZ, Rounding.STOCHASTIC)
_NEAREST, _, STOCHASTIC = range(3)
_ZEROS = (ZeroSign.IEEE, ZeroSign.SUM, ZeroSign.PLUS)
_, _SUM, _PLUS = range(3)
_SCALE, _CLAMP, _SELECT = int(Limit.SCALE), int(Limit.CLAMP), int(Limit.SELECT)


class CarrierConstants(NamedTuple):
    """`Rounder` in the types of the carrier."""

    sign: Any
    exponent: Any
    smallest: Any
    step: Any
    kept: Any
    ulp_step: Any
    ulp: Any
    fine_step: Any
    fine_ulp: Any
    fine: Any
    flush: Any
    maximum: Any
    beyond: Any
    infinite: Any
    inf: Any
    zero: Any
    scale: Any
    unscale: Any

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, rounder: Rounder) -> "CarrierConstants":
        """Constants of a rounder."""
        real, whole = rounder.dtype.type, np.dtype(f"i{rounder.dtype.itemsize}").type
        one = 1 << rounder.mantissa_bits  # of the exponent field
        fine = rounder.shift - rounder.random_bits
        return cls(
            sign=whole(np.iinfo(whole).min),
            exponent=whole(rounder.exponent_mask),
            smallest=whole(rounder.smallest),
            step=whole(rounder.step),
            kept=whole(-1 << rounder.shift),
            ulp_step=whole(rounder.shift * one),
            ulp=whole((rounder.shift - rounder.mantissa_bits) * one),
            fine_step=whole(fine * one),
            fine_ulp=whole((fine - rounder.mantissa_bits) * one),
            fine=whole(max(fine, 0)),
            flush=real(rounder.flush),
            maximum=real(rounder.maximum),
            beyond=real(rounder.beyond),
            infinite=real(rounder.infinite),
            inf=real(np.inf),
            zero=real(0),
            scale=real(rounder.scale),
            unscale=real(1 / rounder.scale),
        )


class RoundingRule(NamedTuple):
    """What a kernel is built for; the compiler drops what it excludes."""

    native: bool
    odd: bool
    rounding: int
    on_grid: bool
    flushes: bool
    limit: int
    zero: int

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, rounder: Rounder) -> "RoundingRule":
        """Rule of a rounder."""
        return cls(
            native=rounder.native,
            odd=rounder.odd,
            rounding=_ROUNDINGS.index(rounder.rounding),
            on_grid=rounder.on_grid,
            flushes=bool(rounder.flush),
            limit=int(rounder.limit),
            zero=_ZEROS.index(rounder.zero),
        )


@jit
def draw(key: Any, place: Any, bits: Any) -> Any:
    """`fp8mac.sim.codes.noise.noise` of one place."""
    mixed = np.uint32(np.uint32(np.uint32(place) * np.uint32(0x9E37_79B1)) ^ key)
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x85EB_CA6B))
    mixed = np.uint32(np.uint32(mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2_AE35))
    mixed = np.uint32(mixed ^ (mixed >> np.uint32(16)))
    return np.int64(np.uint32(mixed >> np.uint32(32 - bits)) if bits > 0 else np.uint32(0))


@jit
def _down(magnitude: Any, power: Any, step: Any, ulp: Any) -> Any:
    """Nearest multiple of an ulp toward zero."""
    magic = as_float(add_bits(power, step))
    rounded = (magnitude + magic) - magic
    return rounded - as_float(add_bits(power, ulp)) if rounded > magnitude else rounded


@jit
def _cut(total: Any, drawn: Any, c: Any, stochastic: Any) -> Any:
    """`Rounder._cut` of one sum."""
    magnitude, power = abs(total), and_bits(as_bits(total), c.exponent)
    power = c.smallest if power < c.smallest else power
    if stochastic:
        magnitude = _down(magnitude, power, c.fine_step, c.fine_ulp)
        magnitude = multiply_add(drawn, as_float(add_bits(power, c.fine_ulp)), magnitude)
    return _down(magnitude, power, c.ulp_step, c.ulp)


@jit
def _two_sum_error(x: Any, y: Any, total: Any) -> Any:
    """What the sum of two numbers lacks."""
    virtual = total - x
    return (x - (total - virtual)) + (y - virtual)


@jit
def odd_sum(x: Any, y: Any) -> Any:
    """Sum in float64, rounded to odd."""
    total = x + y
    error = _two_sum_error(x, y, total)
    bits = as_bits(total)
    move = 1 if (error > 0) == (total > 0) else -1
    even = bits & 1 == 0
    inexact = (error > 0) | (error < 0)
    return as_float(add_bits(bits, move) if even & inexact else bits)


@jit
def odd_sum_of_three(acc: Any, high: Any, low: Any) -> Any:
    """``acc + high + low`` in float64, rounded to odd once."""
    high = -0.0 if high == 0 else high
    low = low if abs(high) < np.inf else -0.0
    x = high + low
    total = acc + x
    errors = odd_sum(_two_sum_error(acc, x, total), _two_sum_error(high, low, x))
    result = odd_sum(total, errors)
    return total if (result == 0) | (not abs(total) < np.inf) else result


@jit
def round_sum(total: Any, drawn: Any, c: Any, rule: Any) -> Any:
    """What an accumulator holds for a sum in its carrier."""
    native, _, rounding, on_grid, flushes, limit, zero = rule
    if native:
        return total * c.zero if flushes and abs(total) < c.flush else total
    total = total + c.zero if zero == _SUM else total  # makes +0 of -0
    bits = as_bits(total)
    if rounding == _NEAREST:
        power = and_bits(bits, c.exponent)
        if not on_grid:
            power = c.smallest if power < c.smallest else power
        magic = as_float(add_bits(power, c.step))
        rounded = (total + magic) - magic
    elif on_grid:
        if rounding == STOCHASTIC:
            rounded = as_float(and_bits(add_bits(bits, drawn << c.fine), c.kept))
        else:
            rounded = as_float(and_bits(bits, c.kept))
    else:
        rounded = _cut(total, drawn, c, rounding == STOCHASTIC)
    if flushes:
        rounded = c.zero if abs(total) < c.flush else rounded
    if limit == _SELECT:
        rounded = abs(rounded)
        rounded = c.beyond if rounded > c.maximum else rounded
        rounded = c.infinite if abs(total) == c.inf else rounded
    if limit == _SELECT or not on_grid:
        rounded = as_float(or_bits(as_bits(rounded), and_bits(bits, c.sign)))
    if limit == _SCALE:
        rounded = (rounded * c.scale) * c.unscale
    if limit == _CLAMP:
        rounded = c.maximum if rounded > c.maximum else rounded
        rounded = -c.maximum if rounded < -c.maximum else rounded
    return rounded + c.zero if zero == _PLUS else rounded
