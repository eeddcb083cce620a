"""Kernels of `fp8mac.sim.gemm.kernels.float_numpy`, compiled.

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

from fp8mac.sim.gemm.kernels.adders_numba import add_aligned, add_halves, add_lanes, add_tree, fused
from fp8mac.sim.gemm.kernels.float_numpy import Accumulate, AddOnce, Job
from fp8mac.sim.gemm.kernels.rounding_numba import (
    STOCHASTIC,
    CarrierConstants,
    RoundingRule,
    draw,
    odd_sum,
    odd_sum_of_three,
    round_sum,
)
from fp8mac.sim.gemm.kernels.rounding_numpy import Floats
from fp8mac.sim.jit import TILE_BYTES, inline, jit, load, store, tile, tiles, whole_registers

__all__ = ["bind", "bind_adder", "pack", "room"]

_TERMS = 512  # of a block
_NO_KEYS = np.zeros(0, np.uint32)


def room(shape: tuple[int, int], dtype: np.dtype[Any]) -> Floats:
    """`fp8mac.sim.gemm.kernels.float_numpy.room`: whole panels of columns."""
    width = TILE_BYTES // dtype.itemsize
    return np.zeros((shape[0], -(-shape[1] // width) * width), dtype)


def pack(b: Floats) -> Floats:
    """`float_numpy.pack`: shape (panels, k, columns of a panel), filled up with +0."""
    width = TILE_BYTES // b.itemsize
    count = -(-b.shape[1] // width)
    panels = np.empty((count, b.shape[0], width), b.dtype)
    for panel in range(count):
        columns = b[:, panel * width : (panel + 1) * width]
        panels[panel, :, : columns.shape[1]] = columns
        panels[panel, :, columns.shape[1] :] = 0
    return panels


class _Way(NamedTuple):
    """How the products of a step are added; exactly, if none of this."""

    pairs: bool
    tree: bool
    window: bool


@inline
def _take(row: Any, acc: Any, base: Any, width: Any) -> None:
    for j in range(width):
        store(row, j, acc[base + j])


@inline
def _give(acc: Any, row: Any, base: Any, width: Any) -> None:
    for j in range(width):
        acc[base + j] = load(row, j)


@lru_cache(maxsize=64)
def _one_by_one(rule: RoundingRule, width: int, skips: bool) -> Any:
    """Kernel of steps of one product, without those of zeros of the left side if it skips."""
    native, odd, rounding, on_grid, flushes, limit, zero = rule
    stochastic = rounding == STOCHASTIC

    @jit
    def kernel(acc: Any, a: Any, panels: Any, rows: Any, more: Any) -> None:
        whole_registers()
        rule = native, odd, rounding, on_grid, flushes, limit, zero
        c, keys, random_bits, row_stride, column_stride = more
        row, terms = tile(acc[0, 0]), a.shape[1]
        for panel in range(panels.shape[0]):
            base, right = panel * width, panels[panel]
            for begin in range(0, terms, _TERMS):
                for i in range(rows[0], rows[1]):
                    left = a[i]
                    _take(row, acc[i], base, width)
                    for k in range(begin, min(begin + _TERMS, terms)):
                        factor = left[k]
                        if skips and factor == 0:
                            continue
                        for j in range(width):
                            total = fused(factor, right[k, j], load(row, j), odd)
                            drawn = 0
                            if stochastic:
                                place = i * row_stride + (base + j) * column_stride
                                drawn = draw(keys[k], place, random_bits)
                            store(row, j, round_sum(total, drawn, c, rule))
                    _give(acc[i], row, base, width)

    return kernel


@lru_cache(maxsize=64)
def _in_steps(way: _Way, rule: RoundingRule, width: int) -> Any:
    """Kernel of steps of several products."""
    pairs, tree, window = way
    native, odd, rounding, on_grid, flushes, limit, zero = rule
    stochastic = rounding == STOCHASTIC

    @jit
    def kernel(acc: Any, a: Any, panels: Any, rows: Any, more: Any) -> None:
        whole_registers()
        rule = native, odd, rounding, on_grid, flushes, limit, zero
        (c, keys, random_bits, row_stride, column_stride), how = more
        lanes, magic, constants, a_powers, b_powers = how
        row, x, spare, levels = tile(acc[0, 0]), tile(acc[0, 0]), tile(acc[0, 0]), tiles(acc[0, 0])
        terms, block = a.shape[1], max(1, _TERMS // lanes) * lanes
        for panel in range(panels.shape[0]):
            base = panel * width
            for begin in range(0, terms, block):
                for i in range(rows[0], rows[1]):
                    operands = a[i], panels[panel]
                    _take(row, acc[i], base, width)
                    for k in range(begin, min(begin + block, terms), lanes):
                        span = k, min(k + lanes, terms), width
                        if window:
                            powers = a_powers[i], b_powers[panel]
                            add_aligned((x, spare, row), operands, powers, span, constants)
                        elif tree:
                            add_tree((x, levels), operands, span, c, rule)
                        elif pairs:
                            add_halves(x, spare, operands, span, magic)
                        else:
                            add_lanes(x, operands, span)
                        for j in range(width):
                            held, total = load(row, j), load(x, j)
                            if pairs:
                                total = odd_sum_of_three(held, total, load(spare, j))
                            else:
                                total = odd_sum(held, total) if odd else held + total
                            drawn = 0
                            if stochastic:
                                place = i * row_stride + (base + j) * column_stride
                                drawn = draw(keys[k // lanes], place, random_bits)
                            store(row, j, round_sum(total, drawn, c, rule))
                    _give(acc[i], row, base, width)

    return kernel


def bind(job: Job) -> Accumulate:
    """`fp8mac.sim.gemm.kernels.float_numpy.bind`."""
    rule, width = RoundingRule.of(job.rounder), TILE_BYTES // job.rounder.dtype.itemsize
    lanes, constants = job.summation.lanes, CarrierConstants.of(job.rounder)
    if lanes == 1 and job.window is None:
        kernel, how = _one_by_one(rule, width, job.skips), None
    else:
        way = _Way(job.cut is not None, job.summation.tree, job.window is not None)
        kernel, how = _in_steps(way, rule, width), _how(job)

    def accumulate(
        acc: Floats, a: Floats, b: Floats, /, *, rows: slice, first_step: int = 0
    ) -> None:
        if not (a.size and b.size):
            return
        more = constants, *_random(job, -(-a.shape[1] // lanes), first_step)
        kernel(acc, a, b, (rows.start, rows.stop), more if how is None else (more, how))

    return accumulate


def _how(job: Job) -> tuple[Any, ...]:
    """What a kernel of steps of several products has to know."""
    magic = 1.5 * 2.0 ** (job.cut + 52) if job.cut is not None else 0.0
    window, powers = (0.0, 0.0, 0, 0, 0), (np.zeros((0, 0)), np.zeros((0, 0, 0)))
    if job.window is not None:
        one, bits = 1 << 52, job.window.bits
        powers = job.window.a_powers, job.window.b_powers
        smallest = 2.0**job.window.acc_emin
        inverse = int(np.uint64((bits - 1 + 2046) * one).view(np.int64))  # one type for all windows
        window = 1.0, smallest, (1 - bits) * one, inverse, 2047 * one
    return job.summation.lanes, magic, window, *powers


def _random(job: Job, steps: int, first_step: int) -> tuple[Any, ...]:
    """A kernel's random numbers: a key for each step, their width, strides of rows and columns."""
    draws = job.draws
    if draws is None:
        return _NO_KEYS, 0, 0, 0
    keys = np.array([draws.key(first_step + step) for step in range(steps)], np.uint32)
    strides = (1, draws.columns) if job.transposed else (draws.columns, 1)
    return keys, job.rounder.random_bits, *strides


def bind_adder(job: Job) -> AddOnce:
    """`fp8mac.sim.gemm.kernels.float_numpy.bind_adder` of what lies in a `room` each."""
    kernel, constants = _adder(RoundingRule.of(job.rounder)), CarrierConstants.of(job.rounder)

    def add_once(acc: Floats, x: Floats, step: int, /) -> None:
        kernel(acc, x, (constants, *_random(job, 1, step)))

    return add_once


@lru_cache(maxsize=16)
def _adder(rule: RoundingRule) -> Any:
    native, odd, rounding, on_grid, flushes, limit, zero = rule
    stochastic = rounding == STOCHASTIC

    @jit
    def kernel(acc: Any, x: Any, more: Any) -> None:
        whole_registers()
        rule = native, odd, rounding, on_grid, flushes, limit, zero
        c, keys, random_bits, row_stride, column_stride = more
        for i in range(acc.shape[0]):
            for j in range(min(acc.shape[1], x.shape[1])):
                total = odd_sum(acc[i, j], np.float64(x[i, j]))
                drawn = 0
                if stochastic:
                    drawn = draw(keys[0], i * row_stride + j * column_stride, random_bits)
                acc[i, j] = round_sum(total, drawn, c, rule)

    return kernel
