"""Kernels of `fp8mac.sim.gemm_numpy` and `fp8mac.sim.gemm_fixed`, compiled.

Right operands lie in panels as wide as a tile of accumulators, see `fp8mac.sim.jit`; a panel is
walked row by row, in blocks that stay in the second cache::

          panel 0     panel 1                         step k of row i, in registers
        +-----------+-----------+           acc[0:w] = round(acc[0:w] + a[i, k] * b[k, 0:w])
      k | b[k, 0:w] |           |
        +-----------+-----------+

A kernel is built for each way of adding and of rounding; formats are arguments.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.gemm_numpy import Job
from fp8mac.sim.gemm_rounding import Floats, Rounder
from fp8mac.sim.jit import (
    TILE_BYTES,
    and_bits,
    as_bits,
    as_float,
    inline,
    jit,
    load,
    multiply_add,
    store,
    tile,
    tiles,
    whole_registers,
)
from fp8mac.sim.rounding_numba import Constants, Rule, draw, odd_sum, odd_sum_of_three, round_sum

__all__ = ["accumulate", "add_once", "add_shifted", "pack", "room", "saturate", "to_integers"]

_TERMS = 512  # of a block


def room(shape: tuple[int, int], dtype: np.dtype[Any]) -> Floats:
    """`fp8mac.sim.gemm_numpy.room`: whole panels of columns."""
    width = TILE_BYTES // dtype.itemsize
    return np.zeros((shape[0], -(-shape[1] // width) * width), dtype)


def pack(b: Floats) -> Floats:
    """`fp8mac.sim.gemm_numpy.pack`: shape (panels, k, columns of a panel), filled up with +0."""
    width = TILE_BYTES // b.itemsize
    count = -(-b.shape[1] // width)
    panels = np.empty((count, b.shape[0], width), b.dtype)
    for panel in range(count):
        columns = b[:, panel * width : (panel + 1) * width]
        panels[panel, :, : columns.shape[1]] = columns
        panels[panel, :, columns.shape[1] :] = 0
    return panels


class _Way(NamedTuple):
    """How the products of a step are added."""

    single: bool = False
    pairs: bool = False
    tree: bool = False
    window: bool = False


@inline
def _add_lanes(x: Any, row: Any, right: Any, start: Any, stop: Any, width: Any) -> None:
    """Exact sums of products; that of all -0 is -0."""
    for j in range(width):
        store(x, j, np.float64(-0.0))
    for lane in range(start, stop):
        left = row[lane]
        for j in range(width):
            store(x, j, multiply_add(left, right[lane, j], load(x, j)))


@inline
def _add_halves(high: Any, low: Any, row: Any, right: Any, start: Any, stop: Any, magic: Any, width: Any) -> None:
    """Exact sums of the products' upper and lower halves."""
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
def _add_tree(x: Any, levels: Any, row: Any, right: Any, start: Any, stop: Any, c: Any, rule: Any, width: Any) -> None:
    """Sums by a tree of adders that round; ``levels`` are sums that wait for their neighbour."""
    odd = rule[1]
    for lane in range(start, stop, 2):
        left, other = row[lane], row[lane + 1]
        for j in range(width):
            total = _fused(other, right[lane + 1, j], left * right[lane, j], odd)
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
def _add_aligned(x: Any, top: Any, held: Any, row: Any, right: Any, powers: Any, start: Any, stop: Any, window: Any, width: Any) -> None:
    """`fp8mac.sim.gemm_numpy._align` of a row."""
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
        power = as_bits(load(top, j) if load(top, j) > 0 else one)
        unit, inverse = as_float(power + to_unit), as_float(to_inverse - power)
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


@jit
def _fused(x: Any, y: Any, acc: Any, odd: bool) -> Any:
    """``acc + x * y``, of an exact product."""
    return odd_sum(acc, x * y) if odd else multiply_add(x, y, acc)


@lru_cache(maxsize=64)
def _kernel(way: _Way, rule: Rule, width: int) -> Any:
    single, pairs, tree, window = way
    native, odd, rounding, on_grid, flushes, limit = rule
    stochastic = rounding == 2

    @jit
    def kernel(
        acc: Any, a: Any, panels: Any, span: Any, lanes: Any, c: Any, more: Any, draws: Any
    ) -> None:
        whole_registers()
        rule = native, odd, rounding, on_grid, flushes, limit
        top, bottom = span
        magic, constants, a_powers, b_powers = more
        keys, random_bits, row_stride, column_stride = draws
        row, x, spare, levels = tile(acc[0, 0]), tile(acc[0, 0]), tile(acc[0, 0]), tiles(acc[0, 0])
        terms = a.shape[1]
        block = max(1, _TERMS // lanes) * lanes
        for panel in range(panels.shape[0]):
            base, right = panel * width, panels[panel]
            for begin in range(0, terms, block):
                end = min(begin + block, terms)
                for i in range(top, bottom):
                    left = a[i]
                    for j in range(width):
                        store(row, j, acc[i, base + j])
                    for k in range(begin, end, lanes):
                        stop = min(k + lanes, end)
                        if window:
                            powers = a_powers[i], b_powers[panel]
                            _add_aligned(
                                x, spare, row, left, right, powers, k, stop, constants, width
                            )
                        elif tree:
                            _add_tree(x, levels, left, right, k, stop, c, rule, width)
                        elif pairs:
                            _add_halves(x, spare, left, right, k, stop, magic, width)
                        elif not single:
                            _add_lanes(x, left, right, k, stop, width)
                        factor = left[k]
                        for j in range(width):
                            if single:
                                total = _fused(factor, right[k, j], load(row, j), odd)
                            elif pairs:
                                total = odd_sum_of_three(load(row, j), load(x, j), load(spare, j))
                            elif odd:
                                total = odd_sum(load(row, j), load(x, j))
                            else:
                                total = load(row, j) + load(x, j)
                            drawn = 0
                            if stochastic:
                                place = i * row_stride + (base + j) * column_stride
                                drawn = draw(keys[k // lanes], place, random_bits)
                            store(row, j, round_sum(total, drawn, c, rule))
                    for j in range(width):
                        acc[i, base + j] = load(row, j)

    return kernel


def accumulate(
    job: Job, acc: Floats, a: Floats, b: Floats, *, rows: slice, first_step: int = 0
) -> None:
    """`fp8mac.sim.gemm_numpy.accumulate`."""
    if not (a.size and b.size):
        return
    way = _Way(
        single=job.lanes == 1 and job.window is None,
        pairs=job.cut is not None,
        tree=job.tree,
        window=job.window is not None,
    )
    none = np.zeros((0, 0)), np.zeros((0, 0, 0))
    window, powers = (0.0, 0.0, 0, 0, 0), none
    if job.window is not None:
        one, bits = 1 << 52, job.window.bits
        powers = job.window.a_powers, job.window.b_powers
        emin = 2.0**job.window.acc_emin
        window = 1.0, emin, (1 - bits) * one, (bits - 1 + 2046) * one, 2047 * one
    magic = 1.5 * 2.0 ** (job.cut + 52) if job.cut is not None else 0.0
    kernel = _kernel(way, Rule.of(job.rounder), panel_width(job.rounder))
    c, draws = _constants(job, -(-a.shape[1] // job.lanes), first_step)
    kernel(acc, a, b, (rows.start, rows.stop), job.lanes, c, (magic, window, *powers), draws)


def panel_width(rounder: Rounder) -> int:
    """Columns of a panel."""
    return TILE_BYTES // rounder.dtype.itemsize


def _constants(job: Job, steps: int, first_step: int) -> tuple[Constants, tuple[Any, ...]]:
    """Constants of a kernel's rounding, and of its random numbers."""
    draws = job.draws
    if draws is None:
        return Constants.of(job.rounder, 0), (np.zeros(0, np.uint32), 0, 0, 0)
    keys = np.array([draws.key(first_step + step) for step in range(steps)], np.uint32)
    strides = (1, draws.columns) if job.transposed else (draws.columns, 1)
    return Constants.of(job.rounder, draws.bits), (keys, draws.bits, *strides)


def add_once(job: Job, acc: Floats, x: Floats, step: int) -> None:
    """`fp8mac.sim.gemm_numpy.add_once` of what lies in a `room` each."""
    c, draws = _constants(job, 1, step)
    _adder(Rule.of(job.rounder))(acc, x, c, draws)


@lru_cache(maxsize=16)
def _adder(rule: Rule) -> Any:
    native, odd, rounding, on_grid, flushes, limit = rule
    stochastic = rounding == 2

    @jit
    def kernel(acc: Any, x: Any, c: Any, draws: Any) -> None:
        whole_registers()
        rule = native, odd, rounding, on_grid, flushes, limit
        keys, random_bits, row_stride, column_stride = draws
        for i in range(acc.shape[0]):
            for j in range(min(acc.shape[1], x.shape[1])):
                number = np.float64(x[i, j])
                total = odd_sum(acc[i, j], number) if odd else acc[i, j] + number
                drawn = 0
                if stochastic:
                    drawn = draw(keys[0], i * row_stride + j * column_stride, random_bits)
                acc[i, j] = round_sum(total, drawn, c, rule)

    return kernel


@jit
def _to_integers(sums: Any) -> None:
    whole_registers()
    for index in range(sums.shape[0]):
        sums[index] = as_float(np.int64(sums[index]))


def to_integers(sums: NDArray[np.float64]) -> None:
    """Integers instead of floats, in place."""
    _to_integers(sums.reshape(-1))


@jit
def _add_shifted(low: Any, high: Any, part: Any, shift: Any) -> None:
    whole_registers()
    for index in range(part.shape[0]):
        number = part[index]
        if shift < 64:
            lower, upper = np.uint64(number << shift), (number >> 1) >> (63 - shift)
        else:
            lower, upper = np.uint64(0), number << (shift - 64)
        total = low[index] + lower
        carry = np.uint64(1) if total < lower else np.uint64(0)
        low[index] = total
        high[index] += np.uint64(upper) + carry


def add_shifted(planes: NDArray[np.uint64], part: NDArray[np.int64], shift: int) -> None:
    """Add ``part * 2**shift`` to one or two words, shape (words, m, n), in place."""
    low, high = planes[0].reshape(-1), planes[-1].reshape(-1)
    if len(planes) == 1:
        high = np.zeros_like(low)
    _add_shifted(low, high, part.reshape(-1), shift)


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
