"""Sums of the products of one step, compiled into the kernels of `float_numba`.

Each is of a row of accumulators as wide as a tile. ``operands`` are a row of the left matrix and a
panel of the right one; ``span`` is a step's first product, the one behind its last, and the width.
"""

from typing import Any

import numpy as np

from fp8mac.sim.gemm.kernels.rounding_numba import odd_sum, round_sum
from fp8mac.sim.jit import and_bits, as_bits, as_float, inline, jit, load, multiply_add, store

__all__ = ["add_aligned", "add_halves", "add_lanes", "add_tree", "fused"]


@jit
def fused(x: Any, y: Any, acc: Any, odd: bool) -> Any:
    """``acc + x * y``, of an exact product."""
    return odd_sum(acc, x * y) if odd else multiply_add(x, y, acc)


@inline
def add_lanes(x: Any, operands: Any, span: Any) -> None:
    """Exact sums of products; that of all -0 is -0."""
    (row, right), (start, stop, width) = operands, span
    for j in range(width):
        store(x, j, np.float64(-0.0))
    for lane in range(start, stop):
        left = row[lane]
        for j in range(width):
            store(x, j, multiply_add(left, right[lane, j], load(x, j)))


@inline
def add_halves(high: Any, low: Any, operands: Any, span: Any, magic: Any) -> None:
    """Exact sums of the products' upper and lower halves."""
    (row, right), (start, stop, width) = operands, span
    for j in range(width):
        store(high, j, np.float64(0))
        store(low, j, np.float64(-0.0))
    for lane in range(start, stop):
        left = row[lane]
        for j in range(width):
            upper = multiply_add(left, right[lane, j], magic) - magic
            lower = multiply_add(left, right[lane, j], -upper)
            store(high, j, load(high, j) + upper)
            store(low, j, load(low, j) + lower)


@inline
def add_tree(room: Any, operands: Any, span: Any, c: Any, rule: Any) -> None:
    """Sums by a tree of adders that round; ``room`` has sums that wait for their neighbour, too."""
    (x, levels), (row, right), (start, stop, width) = room, operands, span
    native, odd = rule[0], rule[1]
    for lane in range(start, stop, 2):
        left, other = row[lane], row[lane + 1]
        for j in range(width):
            first, second = left * right[lane, j], other * right[lane + 1, j]
            if native:
                first, second = round_sum(first, 0, c, rule), round_sum(second, 0, c, rule)
            total = odd_sum(first, second) if odd else first + second
            store(x, j, round_sum(total, 0, c, rule))
        level, count = 0, (lane - start) >> 1
        while count & 1:
            for j in range(width):
                waiting = load(levels, level * width + j)
                total = odd_sum(waiting, load(x, j)) if odd else waiting + load(x, j)
                store(x, j, round_sum(total, 0, c, rule))
            level, count = level + 1, count >> 1
        for j in range(width):
            store(levels, level * width + j, load(x, j))


@inline
def add_aligned(room: Any, operands: Any, powers: Any, span: Any, window: Any) -> None:
    """`float_numpy._align`; ``room`` has sums, windows, and the accumulators."""
    (x, top, held), (row, right), (start, stop, width) = room, operands, span
    row_powers, right_powers = powers
    one, smallest, to_unit, to_inverse, exponent = window
    for j in range(width):
        magnitude = abs(load(held, j))
        power = as_float(and_bits(as_bits(magnitude), exponent))
        power = smallest if power < smallest else power
        store(top, j, power if (magnitude > 0) & (magnitude < np.inf) else 0.0)
    for lane in range(start, stop):
        left = row_powers[lane]
        for j in range(width):
            power = left * right_powers[lane, j]
            store(top, j, power if power > load(top, j) else load(top, j))
    for j in range(width):
        pattern = as_bits(load(top, j) if load(top, j) > 0 else one)
        unit, inverse = as_float(pattern + to_unit), as_float(to_inverse - pattern)
        store(top, j, inverse)
        store(held, j, np.trunc(load(held, j) * inverse) * unit)
        store(x, j, np.float64(-0.0))
    for lane in range(start, stop):
        left = row[lane]
        for j in range(width):
            store(x, j, load(x, j) + np.trunc(left * right[lane, j] * load(top, j)))
    for j in range(width):
        unit = as_float(to_inverse + to_unit - as_bits(load(top, j)))
        store(x, j, load(x, j) * unit)
