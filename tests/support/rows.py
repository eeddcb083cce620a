"""Rows of products and accumulators on which sums go wrong, if they can."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact.steps import step

__all__ = ["biased_rows", "stepped"]

Codes = NDArray[Any]


def biased_rows(config: MacConfig, count: int, seed: int) -> tuple[Codes, Codes, Codes]:
    """Codes ``a`` and ``b`` of each lane, and accumulators, drawn by these recipes.

    ===========  ======================================================================
    operands     uniform; exponents that differ by two at most; subnormal; zeros; pairs
                 of lanes that cancel; infinities and NaN in a row of twenty
    accumulator  uniform; near one; subnormal; huge; zero; minus the sum of the
                 products, in a row of four
    ===========  ======================================================================
    """
    rng = np.random.default_rng(seed)
    lanes = config.products_per_cycle
    a, b = (_operands(each, (count, lanes), rng) for each in (config.a, config.b))
    pairs = rng.random(count) < 0.3
    for lane in range(0, lanes - 1, 2):
        mine = pairs & (rng.random(count) < 0.9)
        a[mine, lane + 1] = a[mine, lane] ^ (1 << config.a.bits - 1)
        b[mine, lane + 1] = b[mine, lane]
    order = rng.permutation(lanes)
    a, b = a[:, order], b[:, order]
    assert isinstance(config.accumulator, FloatAccConfig)
    form = config.accumulator.format
    c = _accumulators(form, count, rng)
    for row in range(0, count, 4):
        total = stepped(config, a[row], b[row], 0)
        c[row] = total ^ form.sign_code if total else 0
    return a, b, c


def stepped(config: MacConfig, a: Codes, b: Codes, c: int) -> int:
    """Accumulator after a step, by the golden model."""
    acc = step(config, int(c), a.tolist(), b.tolist()).acc
    assert acc is not None
    return acc


def _operands(form: Any, shape: tuple[int, int], rng: np.random.Generator) -> Codes:
    assert isinstance(form, FloatFormat)
    top, mantissas = (1 << form.exponent_bits) - 1, 1 << form.mantissa_bits
    uniform = rng.integers(0, 1 << form.bits, shape)
    middle = rng.integers(0, top + 1, (shape[0], 1)) + rng.integers(-2, 3, shape)
    sign = rng.integers(0, 2, shape) << form.bits - 1
    mantissa = rng.integers(0, mantissas, shape)
    near = sign | np.clip(middle, 0, top) << form.mantissa_bits | mantissa
    kind = rng.random((shape[0], 1))
    codes = np.where(kind < 0.35, uniform, np.where(kind < 0.8, near, sign | mantissa))
    zeros = np.where(rng.random((shape[0], 1)) < 0.3, 0.8, 0.05)
    codes = np.where(rng.random(shape) < zeros, 0, codes)
    # A number in place of most that are none.
    special = (codes & (form.sign_code - 1)) > form.max_code
    special |= codes == (-1 if form.nan_code is None else form.nan_code)
    stays = rng.random((shape[0], 1)) < 0.05
    return np.where(special & ~stays, codes & (form.sign_code - 1) & ~mantissas, codes)


def _accumulators(form: FloatFormat, count: int, rng: np.random.Generator) -> Codes:
    mantissas = 1 << form.mantissa_bits
    uniform = rng.integers(0, 1 << form.bits, count)
    field = np.clip(
        form.exponent_bias + rng.integers(-30, 30, count), 0, (1 << form.exponent_bits) - 1
    )
    sign = rng.integers(0, 2, count) << form.bits - 1
    near = sign | field << form.mantissa_bits | rng.integers(0, mantissas, count)
    tiny = sign | rng.integers(0, 4 * mantissas, count)
    huge = sign | np.maximum(form.max_code - rng.integers(0, mantissas, count), 0)
    kind = rng.random(count)
    chosen = np.where(kind < 0.6, near, np.where(kind < 0.7, tiny, huge))
    return np.where(kind < 0.15, uniform, np.where(kind < 0.8, chosen, 0))
