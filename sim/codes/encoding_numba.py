"""Kernels of `fp8mac.sim.codes.encoding`, compiled.

A first pass takes all numbers for finite, without a branch, and finds the largest pattern; if there
are infinities or NaN, a second one mends them.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import Rounding
from fp8mac.sim.codes.encoding_rule import EncodingRule
from fp8mac.sim.jit import (
    add_bits,
    and_bits,
    as_bits,
    as_float,
    jit,
    or_bits,
    shift_right,
    whole_registers,
)

__all__ = ["encode", "look_up", "saturate"]


@jit
def look_up(codes: Any, table: Any, out: Any) -> None:
    """Entries of a table; codes are in its range."""
    for index in range(codes.shape[0]):
        out[index] = table[codes[index]]


class _Constants(NamedTuple):
    """`EncodingRule`, as signed patterns."""

    magnitude: Any
    exponent: Any
    clamp: Any
    smallest: Any
    step: Any
    offset: Any
    shift: Any
    sign_shift: Any
    sign_code: Any
    most: Any
    ulp: Any
    one: Any
    zero: Any
    maximum: Any


def _constants(rule: EncodingRule) -> _Constants:
    format_, whole = rule.format_, np.dtype(f"i{rule.dtype.itemsize}").type
    numbers = {
        "magnitude": int(rule.magnitude_mask),
        "exponent": int(rule.exponent_mask),
        "clamp": int(rule.clamp),
        "smallest": int(rule.smallest),
        "step": int(rule.step),
        "offset": -int(rule.offset),
        "shift": rule.shift,
        "sign_shift": 8 * rule.dtype.itemsize - format_.bits,
        "sign_code": format_.sign_code,
        "most": rule.most,
        "ulp": -rule.mantissa_bits << rule.mantissa_bits,
        "one": 1,
        "zero": 0,
    }
    patterns = {name: whole(number) for name, number in numbers.items()}
    return _Constants(**patterns, maximum=rule.dtype.type(float(format_.max)))


def encode(x: NDArray[Any], out: NDArray[Any], rule: EncodingRule) -> None:
    """Codes of numbers, into ``out``."""
    format_ = rule.format_
    unsigned_nan = rule.most > format_.max_code and not format_.has_inf
    kernel = _encoder(rule.rounding, format_.has_negative_zero, unsigned_nan)
    if kernel(x, out, _constants(rule)) < rule.inf:
        return
    infinity = format_.max_code + (not rule.saturates)
    signed = infinity | format_.sign_code * (rule.saturates or format_.has_inf)
    nan = -1 if format_.nan_code is None else format_.nan_code
    if _set_special(x, out, (infinity, signed, nan)) and nan < 0:
        rule.nan_code()


@lru_cache
def _encoder(rounding: Rounding, negative_zero: bool, unsigned_nan: bool) -> Any:
    cuts, to_odd = rounding is not Rounding.RNE, rounding is Rounding.ODD

    @jit
    def kernel(x: Any, out: Any, c: Any) -> Any:
        whole_registers()
        top = c.zero
        for index in range(x.shape[0]):
            bits = as_bits(x[index])
            whole = and_bits(bits, c.magnitude)
            top = whole if whole > top else top
            magnitude = whole if whole < c.clamp else c.clamp
            power = and_bits(magnitude, c.exponent)
            power = power if power > c.smallest else c.smallest
            magic = add_bits(power, c.step)
            total = as_float(magnitude) + as_float(magic)
            code = add_bits(as_bits(total), add_bits(shift_right(magic, c.shift), c.offset))
            code = add_bits(code, -magic)
            nearest = total - as_float(magic)
            if cuts:
                code = add_bits(code, -c.one if nearest > as_float(magnitude) else c.zero)
            if to_odd:
                code = or_bits(code, c.one if nearest != as_float(magnitude) else c.zero)
            code = code if code < c.most else c.most
            sign = and_bits(shift_right(bits, c.sign_shift), c.sign_code)
            if not negative_zero:
                sign = sign if code > c.zero else c.zero
            if unsigned_nan:
                sign = sign if code < c.most else c.zero
            out[index] = or_bits(code, sign)
        return top

    return kernel


@jit
def _set_special(x: Any, out: Any, codes: Any) -> bool:
    """Codes of infinities and NaN; whether there are NaN."""
    whole_registers()
    positive, negative, nan = codes
    nans = 0
    for index in range(x.shape[0]):
        number = x[index]
        code = np.int64(out[index])
        code = positive if number == np.inf else code
        code = negative if number == -np.inf else code
        code = nan if np.isnan(number) else code
        nans += np.isnan(number)
        out[index] = code
    return nans > 0


def saturate(x: NDArray[Any], out: NDArray[Any], rule: EncodingRule) -> None:
    """Nearest numbers of the format, or the next ones toward zero, into ``out``."""
    kernel = _rounder(rule.rounding is Rounding.RTZ, rule.format_.has_negative_zero)
    if kernel(x, out, _constants(rule)) >= rule.inf:
        rule.set_special_values(x, out)


@lru_cache
def _rounder(toward_zero: bool, negative_zero: bool) -> Any:
    @jit
    def kernel(x: Any, out: Any, c: Any) -> Any:
        whole_registers()
        top = c.zero
        for index in range(x.shape[0]):
            bits = as_bits(x[index])
            magnitude = and_bits(bits, c.magnitude)
            top = magnitude if magnitude > top else top
            power = and_bits(bits, c.exponent)
            power = power if power > c.smallest else c.smallest
            power = add_bits(power if power < c.clamp else c.clamp, c.step)
            magic = as_float(power)
            rounded = (as_float(magnitude) + magic) - magic
            if toward_zero:
                ulp = as_float(add_bits(power, c.ulp))
                rounded = rounded - ulp if rounded > as_float(magnitude) else rounded
            rounded = rounded if rounded < c.maximum else c.maximum
            sign = and_bits(bits, ~c.magnitude)
            if not negative_zero:
                sign = sign if as_bits(rounded) > c.zero else c.zero
            out[index] = as_float(or_bits(as_bits(rounded), sign))
        return top

    return kernel
