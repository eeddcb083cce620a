"""Kernels of `fp8mac.sim.encoding`, compiled."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.formats import Overflow, Rounding
from fp8mac.sim.jit import add_bits, and_bits, as_bits, as_float, jit, or_bits, whole_registers

__all__ = ["encode", "look_up", "saturate"]


@jit
def look_up(codes: Any, table: Any, out: Any) -> None:
    """Entries of a table; codes are in its range."""
    for index in range(codes.shape[0]):
        out[index] = table[codes[index]]


class _Constants(NamedTuple):
    """`fp8mac.sim.encoding._Rule`, as signed patterns."""

    magnitude: Any
    exponent: Any
    inf: Any
    clamp: Any
    smallest: Any
    step: Any
    offset: Any
    shift: Any
    sign_shift: Any
    sign_code: Any
    most: Any
    infinite: Any
    overflowed: Any
    nan_code: Any
    maximum: Any


def _constants(rule: Any) -> _Constants:
    format_, whole = rule.format_, np.dtype(f"i{rule.dtype.itemsize}").type
    saturates = rule.overflow is Overflow.SATURATE or not format_.has_nan
    special = format_.max_code if saturates else format_.max_code + 1
    largest = format_.max_code if rule.rounding is Rounding.RTZ else special
    numbers = {
        "magnitude": int(rule.magnitude_mask),
        "exponent": int(rule.exponent_mask),
        "inf": int(rule.inf),
        "clamp": int(rule.clamp),
        "smallest": int(rule.smallest),
        "step": int(rule.step),
        "offset": int(rule.offset),
        "shift": rule.shift,
        "sign_shift": 8 * rule.dtype.itemsize - format_.bits,
        "sign_code": format_.sign_code,
        "most": format_.max_code,
        "infinite": special,
        "overflowed": largest,
        "nan_code": format_.nan_code or 0,
    }
    patterns = {name: whole(number) for name, number in numbers.items()}
    return _Constants(**patterns, maximum=rule.dtype.type(float(format_.max)))


def encode(x: NDArray[Any], out: NDArray[Any], rule: Any) -> bool:
    """Codes of numbers, into ``out``; whether some were NaN and have none."""
    kernel = _encoder(rule.rounding is Rounding.RTZ, rule.format_.has_inf)
    return kernel(x, out, _constants(rule), rule.format_.has_negative_zero) and (
        rule.format_.nan_code is None
    )


@lru_cache
def _encoder(toward_zero: bool, has_inf: bool) -> Any:
    @jit
    def kernel(x: Any, out: Any, c: Any, negative_zero: bool) -> bool:
        whole_registers()
        nans = 0
        for index in range(x.shape[0]):
            bits = as_bits(x[index])
            whole = and_bits(bits, c.magnitude)
            magnitude = whole if whole < c.clamp else c.clamp
            power = and_bits(magnitude, c.exponent)
            power = power if power > c.smallest else c.smallest
            magic = add_bits(power, c.step)
            total = as_float(magnitude) + as_float(magic)
            code = as_bits(total) - magic + (magic >> c.shift) - c.offset
            if toward_zero:
                code -= total - as_float(magic) > as_float(magnitude)
            code = code if code <= c.most else c.overflowed
            code = c.infinite if whole == c.inf else code
            sign = and_bits(type_of(bits, bits >> c.sign_shift), c.sign_code)
            unsigned = (code == 0) & (not negative_zero)
            if not has_inf:
                unsigned |= code > c.most
            code = code if unsigned else code | sign
            nan = whole > c.inf
            nans += nan
            out[index] = c.nan_code if nan else code
        return nans > 0

    return kernel


@jit
def type_of(x: Any, y: Any) -> Any:
    """``y`` in the type of ``x``."""
    return add_bits(and_bits(x, x ^ x), y)


def saturate(x: NDArray[Any], out: NDArray[Any], rule: Any) -> bool:
    """Nearest numbers of the format, into ``out``; whether some are NaN and it has none."""
    nans = _round(x, out, _constants(rule), rule.format_.has_negative_zero)
    return nans and rule.format_.nan_code is None


@jit
def _round(x: Any, out: Any, c: Any, negative_zero: bool) -> bool:
    whole_registers()
    nans = 0
    for index in range(x.shape[0]):
        bits = as_bits(x[index])
        whole = and_bits(bits, c.magnitude)
        magnitude = whole if whole < c.clamp else c.clamp
        power = and_bits(magnitude, c.exponent)
        power = power if power > c.smallest else c.smallest
        magic = as_float(add_bits(power, c.step))
        rounded = (as_float(magnitude) + magic) - magic
        rounded = rounded if rounded < c.maximum else c.maximum
        number = as_float(or_bits(as_bits(rounded), and_bits(bits, ~c.magnitude)))
        number = rounded if (rounded == 0) & (not negative_zero) else number
        nan = whole > c.inf
        nans += nan
        out[index] = x[index] if nan else number
    return nans > 0
