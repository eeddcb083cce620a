"""Steps whose products are truncated to integers of 32 bits, compiled.

A window of up to 27 bits is wider than a float32 number, but not than an integer, of which a
register holds as many::

    product = x * y                     float32, exact or below the window
    term    = product * 2**(F - E)      cut toward zero as it becomes an integer
    sum     = term + term + ...         exact, of as many terms as 31 bits hold

=======  ===========================================================================================
narrow   the accumulator fits in as well; the processor makes it a float32 number toward zero
wide     float64 holds the sums of all runs, and the accumulator
short    accumulators that are shorter round a float32 number that is to odd
=======  ===========================================================================================
"""

from functools import lru_cache
from typing import Any

import numpy as np

from fp8mac.hw.config.formats import Rounding
from fp8mac.sim.gemm.kernels.settle_numba import settler
from fp8mac.sim.gemm.kernels.shape import LOWEST_OF_INTEGERS, KernelShape, Rule
from fp8mac.sim.jit import inside
from fp8mac.sim.jit_vectors import (
    add,
    as_bits,
    as_float,
    as_integers,
    as_numbers,
    choose,
    either,
    extend,
    greater,
    item,
    largest,
    load,
    multiply,
    shift_left,
    shorten,
    splat,
    subtract,
    unequal,
    widen,
)

__all__ = ["integer_stepper"]

_BIAS, _BITS, _DOUBLE_BIAS, _DOUBLE_BITS = 127, 23, 1023, 52


def _is_single(rule: Rule) -> bool:
    """Whether an accumulator rounds as float32 does where the processor rounds toward zero."""
    form = rule.mantissa_bits, rule.emin, rule.rounding
    return form == (_BITS, 1 - _BIAS, Rounding.RTZ.value)


def _is_short(rule: Rule) -> bool:
    """Whether an accumulator rounds a float32 number as it does a longer one, to odd before."""
    cuts = rule.rounding in (Rounding.RNE.value, Rounding.RTZ.value)
    return cuts and rule.mantissa_bits < _BITS - 1 and rule.emin > LOWEST_OF_INTEGERS


@lru_cache(maxsize=64)
def _finisher(shape: KernelShape) -> Any:
    """Accumulators for sums in float64, in units of the last bit of the window."""
    rule, real = shape.rule, np.float32(0)
    is_single, is_short = _is_single(rule), _is_short(rule)
    settle = settler(rule._replace(bits=_BITS) if is_short else rule)
    overflows = rule.overflows and rule.beyond == np.inf
    shift, whole, double = _DOUBLE_BITS - _BITS, np.int64(0), np.float64(0)
    moved = np.int64(_DOUBLE_BIAS - _BIAS - (shape.window - 1) << _DOUBLE_BITS)
    too_large, zero, one, none = (
        np.float64(2.0 ** (_BIAS + 1)),
        np.float64(0),
        np.int32(1),
        np.int32(0),
    )

    @inside
    def finish(total: Any, level: Any) -> Any:
        place = shift_left(widen(level, whole), shift)
        total = multiply(total, as_float(add(place, splat(moved, place))))
        if not (is_single or is_short):
            return shorten(settle(total), real)
        found = shorten(total, real)
        if is_short:
            pattern = as_bits(found)
            lost = unequal(extend(found, double), total)
            jam = choose(lost, splat(one, pattern), splat(none, pattern))
            return settle(as_float(either(pattern, jam)))
        if overflows:
            size = largest(total, subtract(splat(zero, total), total))
            beyond = multiply(found, splat(too_large, found))
            found = choose(greater(splat(too_large, size), size), found, beyond)
        return found

    return finish


@lru_cache(maxsize=64)
def _short_finisher(shape: KernelShape) -> Any:
    """Accumulators shorter than float32 for sums in integers."""
    settle = settler(shape.rule._replace(bits=_BITS))
    down, one, none = np.int32(shape.window - 1 << _BITS), np.int32(1), np.int32(0)
    real = np.float32(0)

    @inside
    def finish(total: Any, level: Any) -> Any:
        number = as_numbers(total, real)
        lost = unequal(as_integers(number, none), total)
        jam = choose(lost, splat(one, total), splat(none, total))
        jammed = as_float(either(as_bits(number), jam))
        return settle(multiply(jammed, as_float(subtract(level, splat(down, level)))))

    return finish


@lru_cache(maxsize=64)
def _single_finisher(shape: KernelShape) -> Any:
    """Accumulators of float32 for sums in integers."""
    overflows = shape.rule.overflows and shape.rule.beyond == np.inf
    down, half = np.int32(shape.window - 1 << _BITS), np.int32(1 << _BITS)
    real, zero, inf, too_large = (
        np.float32(0),
        np.float32(0),
        np.float32(np.inf),
        np.float32(2.0**_BIAS),
    )

    @inside
    def finish(total: Any, level: Any) -> Any:
        number = as_numbers(total, real)
        unit = subtract(level, splat(down, level))
        found = multiply(number, as_float(unit))
        if overflows:
            halved = multiply(number, as_float(subtract(unit, splat(half, unit))))
            size = largest(halved, subtract(splat(zero, halved), halved))
            beyond = multiply(number, splat(inf, number))
            found = choose(greater(splat(too_large, size), size), found, beyond)
        return found

    return finish


@lru_cache(maxsize=64)
def integer_stepper(shape: KernelShape, looker: tuple[Any, Any, Any]) -> Any:
    """Accumulators after a step, of float32 numbers.

    Parameters
    ----------
    shape : KernelShape
        With a ``run``.
    looker : tuple
        Powers of two of exponents and of accumulators, and the largest exponents of products.
    """
    power, power_of, highest = looker
    width, run, narrow = shape.width, shape.run, shape.narrow
    to_unit = np.uint32(2 * _BIAS + shape.window - 1 << _BITS).astype(np.int32)  # modulo 2**32
    none, double, inf = np.int32(0), np.float64(0), np.float32(np.inf)
    sticks, in_whole = shape.rule.overflows, narrow
    if narrow and _is_single(shape.rule):
        finish = _single_finisher(shape)
    elif narrow and _is_short(shape.rule):
        finish = _short_finisher(shape)
    else:
        finish, in_whole = _finisher(shape), False

    @inside
    def sum_of(total: Any, scale: Any, operands: Any, at: Any) -> Any:
        (left, _, _, right, _), (row, base, first, stop) = operands, at
        for k in range(first, stop):
            x, y = splat(item(left, row + k), scale), load(right, (base + k) * width, scale)
            total = add(total, as_integers(multiply(multiply(x, y), scale), none))
        return total

    @inside
    def step(held: Any, operands: Any, at: Any, groups: Any, seen: Any) -> Any:
        row, base, first, stop = at
        level = largest(power(highest(operands, at, load(seen, 0, held))), power_of(held))
        scale = as_float(subtract(splat(to_unit, level), level))
        total = as_integers(multiply(held, scale), none)
        if narrow:
            total = sum_of(total, scale, operands, at)
            found = finish(total if in_whole else as_numbers(total, double), level)
        else:
            wide, nothing = as_numbers(total, double), splat(none, total)
            for begin in range(first, stop, run):
                where = row, base, begin, min(begin + run, stop)
                wide = add(wide, as_numbers(sum_of(nothing, scale, operands, where), double))
            found = finish(wide, level)
        if sticks:
            size = largest(held, subtract(splat(np.float32(0), held), held))
            found = choose(greater(splat(inf, held), size), found, held)
        return found

    return step
