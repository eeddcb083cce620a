"""Steps that align their terms, compiled: a term is cut by the sum that it comes into.

The processor rounds toward zero meanwhile. An accumulator that starts from a power of two is so
large that its last bit is that of the window, and cuts off what lies below in adding it::

    m          1000000000000|        2**(E - F + bits of the carrier)
    + product        1011010|0111    toward zero: one FMA is product, alignment, cut and sum
    =          1000001011010|

=========  =========================================================================================
truncate   two of these, for the positive and for the negative products; their difference is the sum
floor      one, of all products: it stays positive, and is cut downward
odd        with windows a bit shorter, half of the sums of all floors and of all ceilings: both are
           the number where nothing is cut off, and differ by two last bits where something is
exact      a sum without a start
=========  =========================================================================================

Exponents are compared in 16 bits. Columns lie in panels, rows are walked one after the other, and
as many products at a time as stay in the first cache.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import TermCut
from fp8mac.sim.gemm.kernels.integers_numba import integer_stepper
from fp8mac.sim.gemm.kernels.settle_numba import cutter, odd_adder, settler
from fp8mac.sim.gemm.kernels.shape import KernelShape, PackedOperands
from fp8mac.sim.jit import inside, jit, whole_registers
from fp8mac.sim.jit_rounding import alone, rounding_mode, set_rounding_mode
from fp8mac.sim.jit_vectors import (
    add,
    as_bits,
    as_float,
    both,
    choose,
    extend,
    greater,
    item,
    largest,
    least,
    load,
    multiply,
    multiply_add,
    save,
    shift_left,
    splat,
    subtract,
    unequal,
    vector,
    widen,
)

__all__ = ["accumulate"]

_CACHE_BYTES = 16384  # of right operands at a time
_ROWS = 4  # whose steps take turns, so that one does not wait for itself
_TOWARD_ZERO = np.int32(0)


@lru_cache(maxsize=64)
def _summer(shape: KernelShape, takes_held: bool) -> Any:
    """Sum of products and, if it ``takes_held``, of an accumulator; aligned to an exponent."""
    splits, odd, window = shape.splits, shape.cut == TermCut.ODD.value, shape.window > 0
    real, whole = shape.dtype, np.int32 if shape.bits == 23 else np.int64
    width, one, below = shape.width, 1 << shape.bits, shape.bits - shape.window + 1
    to_power, to_middle = whole(below * one), whole((below + odd) * one + one // 2)
    zero, half = real(0), real(0.5)

    @inside
    def apart(top: Any, held: Any, operands: Any, at: Any) -> Any:
        (left, places, _, right, _), (row, base, first, stop) = operands, at
        up = as_float(add(top, splat(to_power, top)))
        down, nothing = up, splat(zero, up)
        if takes_held:
            up, down = add(up, largest(held, nothing)), subtract(down, least(held, nothing))
        for k in range(first, stop):
            x, place = splat(item(left, row + k), up), np.intp(item(places, row + k))
            pair = 2 * (base + k)
            up = multiply_add(x, load(right, pair * width + place, up), up)
            down = multiply_add(x, load(right, (pair + 1) * width - place, up), down)
        return subtract(up, down)

    @inside
    def together(top: Any, held: Any, operands: Any, at: Any) -> Any:
        (left, _, _, right, _), (row, base, first, stop) = operands, at
        start = as_float(add(top, splat(to_middle, top)))
        if not window:
            start = splat(zero, start)
        up, down = start, start
        if takes_held:
            up, down = add(start, held), subtract(start, held)
        for k in range(first, stop):
            x, y = item(left, row + k), load(right, (base + k) * width, up)
            up = multiply_add(splat(x, up), y, up)
            if odd:
                down = multiply_add(splat(-x, up), y, down)
        if odd:
            return multiply(subtract(up, down), splat(half, up))
        return subtract(up, start)

    return apart if splits else together


@lru_cache(maxsize=64)
def _looker(shape: KernelShape) -> tuple[Any, Any, Any]:
    """Powers of two of exponents and of accumulators, and the largest exponents of products."""
    whole, bias = (np.int32 if shape.bits == 23 else np.int64), shape.bias
    bits, width, zero, none = shape.bits, shape.width, shape.dtype(0), whole(0)
    field, smallest = whole(2 * bias + 1 << bits), whole(shape.rule.emin + bias << bits)
    clamps, has_zero = shape.clamps, shape.zero is not None
    of_zero, lowest = whole((shape.zero or 0) + bias << bits), np.int16(shape.lowest_level + bias)

    @inside
    def power(exponents: Any) -> Any:
        return shift_left(widen(exponents, none), bits)

    @inside
    def power_of(held: Any) -> Any:
        found = both(as_bits(held), splat(field, as_bits(held)))
        if clamps:
            is_some = unequal(held, splat(zero, held))
            found = choose(is_some, largest(found, splat(smallest, found)), splat(none, found))
        if has_zero:
            found = largest(found, splat(of_zero, found))
        return found

    @inside
    def highest(operands: Any, at: Any, like: Any) -> Any:
        (_, _, left, _, right), (row, base, first, stop) = operands, at
        found = splat(lowest, like)
        for k in range(first, stop):
            mine = load(right, (base + k) * width, found)
            found = largest(found, add(splat(item(left, row + k), found), mine))
        return found

    return power, power_of, highest


@lru_cache(maxsize=64)
def _grouper(shape: KernelShape) -> Any:
    """Sum of the products of all groups, and of the accumulator if it is a term; and exponents."""
    ways, late, joined, scaled = shape.ways, shape.late, shape.join > 0, shape.scaled
    width, zero, lowest = shape.width, shape.dtype(0), np.int16(shape.lowest_exponent + shape.bias)
    single = ways == 1 and not joined
    total_of = _summer(shape, single and not late)
    join = cutter(shape.bits, max(1, shape.join), shape.join_cut)
    power, power_of, highest = _looker(shape)

    @inside
    def sums(held: Any, operands: Any, at: Any, groups: Any, seen: Any) -> Any:
        (row, base, first, stop), (group_row, group_base, group, size) = at, groups
        like = load(seen, 0, held)
        own, top = power_of(held), splat(lowest, like)
        for way in range(ways):
            begin = first + way * size
            if scaled:
                where = group_row, group_base, group + way, group + way + 1
            else:
                where = row, base, begin, min(begin + size, stop)
            mine = highest(operands, where, like)
            if not single:
                save(seen, way * width, mine)
            top = largest(top, mine)
        level = power(top)
        if not late:
            level = largest(level, own)
        if single:
            return total_of(level, held, operands, at), level, own
        total = splat(zero, held)
        for way in range(ways):
            begin, mine = first + way * size, power(load(seen, way * width, held))
            where = row, base, begin, min(begin + size, stop)
            part = total_of(mine, held, operands, where)
            total = add(total, join(part, level) if joined else part)
        if not late:
            total = add(total, join(held, level) if joined else held)
        return total, level, own

    return sums


@lru_cache(maxsize=64)
def _stepper(shape: KernelShape) -> Any:
    """Accumulators after a step."""
    if shape.run:
        return integer_stepper(shape, _looker(shape))
    late, aligned, drops = shape.late, shape.sum_bits > 0, shape.drop >= 0
    real, whole = shape.dtype, np.int32 if shape.bits == 23 else np.int64
    zero, inf, far = real(0), real(np.inf), whole(shape.drop << shape.bits)
    cut_sum = cutter(shape.bits, max(1, shape.sum_bits), shape.late_cut)
    cut_held = cutter(shape.bits, max(1, shape.acc_bits), shape.late_cut)
    settle, odd_sum = settler(shape.rule), odd_adder(shape.rule.overflows)
    # Two infinities of which one is a rounded sum can be NaN: floats know.
    sums, sticks = _grouper(shape), shape.rule.overflows and (aligned or not late)

    @inside
    def step(held: Any, operands: Any, at: Any, groups: Any, seen: Any) -> Any:
        total, level, own = sums(held, operands, at, groups, seen)
        if late and aligned:
            level = largest(level, own)
            mine = cut_held(held, level)
            if drops:
                distant = greater(subtract(level, splat(far, level)), own)
                mine = choose(distant, splat(zero, held), mine)
            total = add(cut_sum(total, level), mine)
        elif late:
            total = odd_sum(settle(total), held)
        found = settle(total)
        if sticks:
            size = largest(held, subtract(splat(zero, held), held))
            found = choose(greater(splat(inf, held), size), found, held)
        return found

    return step


@lru_cache(maxsize=64)
def _kernel(shape: KernelShape) -> Any:
    width, ways, chunked = shape.width, shape.ways, shape.outer is not None
    step, settle_outer = _stepper(shape), settler(shape.outer or shape.rule)
    odd_sum = odd_adder(shape.outer is not None and shape.outer.overflows)
    zero, double = shape.dtype(0), np.float64(0)

    @inside
    def promote(acc: Any, outer: Any, place: Any, like: Any) -> None:
        before, held = load(outer, place, like), load(acc, place, like)
        save(outer, place, settle_outer(odd_sum(before, extend(held, double))))
        save(acc, place, splat(zero, held))

    @jit
    def kernel(acc: Any, outer: Any, operands: Any, span: Any) -> None:
        whole_registers()
        alone()
        rows, (panels, columns, terms, groups), (lanes, chunk, block) = span
        seen, like, size = np.empty(ways * width, np.int16), vector(zero, width), lanes // ways
        for panel in range(panels):
            for opened in range(0, terms, chunk):
                closed = min(opened + chunk, terms)
                for begin in range(opened, closed, block):
                    end = min(begin + block, closed)
                    for upper in range(rows[0], rows[1], _ROWS):
                        lower = min(upper + _ROWS, rows[1])
                        for first in range(begin, end, lanes):
                            stop, group = min(first + lanes, end), first // lanes * ways
                            for i in range(upper, lower):
                                place = i * columns + panel * width
                                at = i * terms, panel * terms, first, stop
                                of_groups = i * groups, panel * groups, group, size
                                held = load(acc, place, like)
                                save(acc, place, step(held, operands, at, of_groups, seen))
                        for i in range(upper, lower if chunked and end == closed else upper):
                            promote(acc, outer, i * columns + panel * width, like)

    @jit
    def toward_zero(acc: Any, outer: Any, operands: Any, span: Any) -> None:
        before = rounding_mode()
        set_rounding_mode(_TOWARD_ZERO)
        kernel(acc, outer, operands, span)
        set_rounding_mode(before)

    return toward_zero


def accumulate(
    shape: KernelShape,
    acc: NDArray[Any],
    outer: NDArray[np.float64],
    operands: PackedOperands,
    *,
    rows: slice,
    lanes: int,
    chunk: int,
) -> None:
    """Add products to some rows of accumulators, in place.

    Parameters
    ----------
    acc : ndarray of the carrier's type, shape (m, panels * width)
        Accumulators; zeros where there are outer ones.
    outer : ndarray of float64, shape (m, panels * width)
        What sums of ``chunk`` products come into, where the kernel has that.
    operands : PackedOperands
        Of whole panels.
    rows : slice
        Which of ``m``.
    lanes, chunk : int
        Products of a step, and those of a chunk, a multiple of them unless it is all.
    """
    panels, terms, strides, width = operands.right.shape
    row_bytes = strides * width * operands.right.itemsize
    block = max(1, _CACHE_BYTES // row_bytes // lanes) * lanes
    sizes = panels, acc.shape[1], terms, operands.right_exponents.shape[1]
    span = (rows.start, rows.stop), sizes, (lanes, chunk, block)
    flat = tuple(each.reshape(-1) for each in operands)
    _kernel(shape)(acc.reshape(-1), outer.reshape(-1), flat, span)
