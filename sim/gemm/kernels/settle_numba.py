"""Sums that become numbers of an accumulator, on vectors, while the processor rounds toward zero.

Bits of the carrier are cut off, or rounded as integers; what is no normal number of the accumulator
is lifted to be one first::

    size         0000101101|1101         below 2**emin
    + 2**emin    1000101101|...          the last bit says whether anything was lost: to odd
"""

from functools import lru_cache
from typing import Any

import numpy as np

from fp8mac.hw.config.formats import Rounding, TermCut, ZeroSign
from fp8mac.sim.gemm.kernels.shape import Rule
from fp8mac.sim.jit import inside
from fp8mac.sim.jit_vectors import (
    add,
    as_bits,
    as_float,
    both,
    choose,
    either,
    greater,
    multiply,
    shift_right,
    splat,
    subtract,
    unequal,
)

__all__ = ["cutter", "odd_adder", "settler"]


def _constants(bits: int) -> tuple[Any, Any]:
    """Types of a carrier's numbers and patterns."""
    return (np.float32, np.int32) if bits == 23 else (np.float64, np.int64)


@lru_cache(maxsize=64)
def settler(rule: Rule) -> Any:
    """What an accumulator holds for sums."""
    real, whole = _constants(rule.bits)
    shift = rule.bits - rule.mantissa_bits
    nearest, to_odd = (rule.rounding == each.value for each in (Rounding.RNE, Rounding.ODD))
    low, kept = whole((1 << shift) - 1), whole(-1 << shift)
    below_half, one = whole((1 << shift >> 1) - 1), whole(1)
    sign_bit, no_bits = whole(np.iinfo(whole).min), whole(0)
    normal = real(2.0**rule.emin)
    zero, inf, maximum, beyond = real(0), real(np.inf), real(rule.maximum), real(rule.beyond)
    on_grid, overflows, cuts = rule.on_grid, rule.overflows, shift > 0
    of_sums, positive = (rule.zero == each.value for each in (ZeroSign.SUM, ZeroSign.PLUS))

    @inside
    def settle(total: Any) -> Any:
        if of_sums:
            total = add(total, splat(zero, total))
        pattern = as_bits(total)
        sign = both(pattern, splat(sign_bit, pattern))
        size = as_float(subtract(pattern, sign))
        lift = splat(zero, total)
        if not on_grid:
            lift = choose(greater(splat(normal, size), size), splat(normal, size), lift)
            lifted = add(size, lift)
            lost = unequal(subtract(lifted, lift), size)
            lost_bit = choose(lost, splat(one, pattern), splat(no_bits, pattern))
            pattern = either(as_bits(lifted), lost_bit)
        if cuts:
            if nearest:
                last = both(shift_right(pattern, shift), splat(one, pattern))
                pattern = add(pattern, add(last, splat(below_half, pattern)))
            elif to_odd:
                carried = add(both(pattern, splat(low, pattern)), splat(low, pattern))
                pattern = either(pattern, carried)
            pattern = both(pattern, splat(kept, pattern))
        result = as_float(pattern)
        if not on_grid:
            result = as_float(either(as_bits(subtract(result, lift)), sign))
        if overflows:
            large = as_float(subtract(as_bits(result), sign))
            far = as_float(either(as_bits(splat(beyond, result)), sign))
            result = choose(greater(large, splat(maximum, result)), far, result)
            result = choose(greater(splat(inf, size), size), result, total)
        if positive:
            result = add(result, splat(zero, result))
        return result

    return settle


@lru_cache(maxsize=4)
def odd_adder(overflows: bool) -> Any:
    """Sums of two numbers in float64, to odd: toward zero, and jammed if that lost something."""
    one, none = np.int64(1), np.int64(0)
    inf, unsigned = np.float64(np.inf), np.int64(np.iinfo(np.int64).max)

    @inside
    def odd_sum(x: Any, y: Any) -> Any:
        total = add(x, y)
        pattern = as_bits(total)
        ones, zeros = splat(one, pattern), splat(none, pattern)
        lost = choose(unequal(subtract(total, x), y), ones, zeros)
        lost = either(lost, choose(unequal(subtract(total, y), x), ones, zeros))
        if overflows:
            size = as_float(both(pattern, splat(unsigned, pattern)))
            lost = choose(greater(splat(inf, size), size), lost, zeros)
        return as_float(either(pattern, lost))

    return odd_sum


@lru_cache(maxsize=64)
def cutter(bits: int, window: int, cut: str) -> Any:
    """Numbers without what lies below a window, of which the largest exponents are given."""
    real, whole = _constants(bits)
    how = TermCut(cut)
    floors, odd = how is TermCut.FLOOR, how is TermCut.ODD
    one, sign_bit = 1 << bits, whole(np.iinfo(whole).min)
    to_power = whole((bits - window + 1) * one)
    to_middle = whole((bits - window + 1 + odd) * one + one // 2)
    half = real(0.5)

    @inside
    def cut_off(number: Any, top: Any) -> Any:
        if floors or odd:
            magic = as_float(add(top, splat(to_middle, top)))
            down = subtract(add(number, magic), magic)
            if floors:
                return down
            up = subtract(magic, subtract(magic, number))
            return multiply(add(down, up), splat(half, down))
        sign = both(as_bits(number), splat(sign_bit, top))
        magic = as_float(either(add(top, splat(to_power, top)), sign))
        return subtract(add(number, magic), magic)

    return cut_off
