"""Which units that align their terms compiled kernels compute, and why exactly.

A kernel adds the terms of a step to a number whose last bit is that of the window, see
`fp8mac.sim.gemm.kernels.aligned_numba`: the carrier has to hold all bits from there up to the sum.
A product is less than four times the power of two of its exponent, the accumulator less than two
times::

    lanes * 4 + 2  <=  2**(bits of the carrier - F)

A sum of groups has as many bits above its exponent as a group, and a few for their number.
"""

from functools import lru_cache
from math import ceil, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, TermCut, ZeroSign
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.gemm.kernels.shape import LOWEST_OF_INTEGERS, KernelShape, Rule

__all__ = ["are_near", "in_integers", "refined", "shape_of"]

_CARRIERS = (23, 52)
_SINGLE = FloatFormat(8, 23)
_SHORTEST_RUN = 4  # that is worth it
_FARTHEST_SCALE = 60  # that keeps operands float32 numbers
_LARGEST_SCALES = {
    ScaleFormat.E8M0: 254.0,
    ScaleFormat.UE4M3: 2 * log2(448),
}  # of two, as exponents


@lru_cache(maxsize=256)
def shape_of(config: MacConfig, k: int, *, started: bool = False) -> KernelShape | None:
    """Shape of the kernel that computes sums of ``k`` products; None where none does.

    Parameters
    ----------
    config : MacConfig
        The unit.
    k : int
        Number of products, of all chunks together.
    started : bool
        Whether accumulators may hold any number at first, and not zero only.
    """
    how, acc, outer = config.summation, config.accumulator, config.summation.outer
    a, b = config.a, config.b
    if not (isinstance(a, FloatFormat) and isinstance(b, FloatFormat)):
        return None
    outer = acc if outer is None else outer
    if not (isinstance(acc, FloatAccConfig) and isinstance(outer, FloatAccConfig)):
        return None
    chunked, late, join, groups = how.chunk is not None, how.late, how.join, how.groups
    started_inside = started and not chunked
    lsb, lanes = config.product_lsb_exponent, how.lanes
    scale = 0.0 if config.block is None else _LARGEST_SCALES[config.block.scale]
    on_grid = not started_inside and config.block is None and lsb >= acc.format.lsb_exponent
    largest = log2(2 * lanes * -(-max(k, 1) // lanes)) + log2(float(a.max)) + log2(float(b.max))
    overflows = started or largest + scale >= acc.format.emax
    if (
        not _rounds(acc)
        or (chunked and not _rounds(outer))
        or (acc.zero is ZeroSign.IEEE and not on_grid)
        or how.tree
        or how.products.rounded
        or how.exponents.normalised
        or (how.window_bits is None and (join is None or config.block is None))
        or (groups is not None and join is None)
        or (how.exponents.of_zero is not None and how.exponents.of_zero > acc.format.emin)
        or (config.block is not None and not _shares(config))
    ):
        return None
    fits = {
        bits: _is_wide(config, bits) and (bits == 52 or _is_near(config, largest, on_grid, started))
        for bits in _CARRIERS
    }
    bits = next((bits for bits, is_so in fits.items() if is_so), None)
    if bits is None:
        return None
    aligned = late is not None and late.sum_bits is not None
    return KernelShape(
        bits=bits,
        window=how.window_bits or 0,
        cut=how.cut.value,
        ways=1 if groups is None else groups.ways,
        join=0 if join is None else join.bits,
        join_cut=TermCut.TRUNCATE.value if join is None else join.cut.value,
        late=late is not None,
        sum_bits=(late.sum_bits or 0) if late else 0,
        acc_bits=(late.acc_bits or 0) if late else 0,
        late_cut=late.cut.value if late and aligned else TermCut.TRUNCATE.value,
        drop=-1 if late is None or late.drop is None else late.drop,
        scaled=how.window_bits is None,
        clamps=started_inside or config.block is not None or lsb < acc.format.emin,
        zero=how.exponents.of_zero,
        rule=_rule(acc, bits, on_grid=on_grid, overflows=overflows),
        outer=_rule(
            outer,
            52,
            on_grid=not started and config.block is None and lsb >= outer.format.lsb_exponent,
            overflows=overflows or largest + scale >= outer.format.emax,
        )
        if chunked
        else None,
    )


def refined(shape: KernelShape, lowest: int, highest: int, terms: int) -> KernelShape:
    """KernelShape for operands that are known.

    Parameters
    ----------
    shape : KernelShape
        For operands of any size, and sums that start from zero.
    lowest, highest : int
        All products are multiples of ``2**lowest`` and less than ``2**highest``.
    terms : int
        Number of products.
    """
    largest = highest + log2(2 * max(terms, 1))

    def of(rule: Rule) -> Rule:
        return rule._replace(
            on_grid=rule.on_grid or lowest >= rule.emin - rule.mantissa_bits,
            overflows=rule.overflows and largest >= int(log2(rule.maximum)),
        )

    return shape._replace(
        clamps=shape.clamps and lowest < shape.rule.emin,
        rule=of(shape.rule),
        outer=None if shape.outer is None else of(shape.outer),
    )


def in_integers(shape: KernelShape, config: MacConfig) -> KernelShape | None:
    """Shape of a kernel that adds products in integers, and not in float64; None if none does.

    Exponents have to be near as well, see `are_near`.
    """
    how, acc = config.summation, config.accumulator
    a, b = config.a, config.b
    assert isinstance(acc, FloatAccConfig)
    assert isinstance(a, FloatFormat)
    assert isinstance(b, FloatFormat)
    if (
        shape.bits == 23
        or not shape.splits
        or how.groups is not None
        or shape.late
        or (config.block is not None and config.block.scale is not ScaleFormat.E8M0)
        or shape.zero is not None
        or acc.zero is not ZeroSign.PLUS
        or not all(_is_single(each) for each in (a, b, acc.format))
        or a.precision + b.precision > _SINGLE.precision
    ):
        return None
    unit, most = 2.0 ** (shape.window - 1), 2**31 - 1
    product = unit * (2 - 2.0**-a.mantissa_bits) * (2 - 2.0**-b.mantissa_bits)
    runs = ceil(how.lanes * product / most)
    run = -(-how.lanes // runs)
    if runs > 1 and run < _SHORTEST_RUN:
        return None
    narrow = runs == 1 and how.lanes * product + 2 * unit <= most
    return shape._replace(bits=23, run=run, narrow=narrow)


def _is_single(format_: FloatFormat) -> bool:
    """Whether all numbers of a format are float32's."""
    return (
        format_.precision <= _SINGLE.precision
        and format_.lsb_exponent >= _SINGLE.lsb_exponent
        and format_.max <= _SINGLE.max
    )


def are_near(
    config: MacConfig,
    sides: list[NDArray[Any]],
    held: NDArray[Any] | None,
    scales: list[NDArray[np.float64]] | None = None,
) -> bool:
    """Whether products and accumulators have exponents that kernels `in_integers` take.

    Parameters
    ----------
    sides : list of two ndarrays of float32
        Operands, in the order of the unit's formats; zeros, infinities and NaN do not matter.
    held : ndarray of float64, optional
        Accumulators at first.
    scales : list of two ndarrays of float64, optional
        Scales of blocks, powers of two.
    """
    least = most = 0
    for side, format_ in zip(sides, (config.a, config.b), strict=True):
        assert isinstance(format_, FloatFormat)
        low, high = format_.emin, format_.emax
        if format_.exponent_bits > 5:
            low, high = _exponents(side, low, high)
        least, most = least + low, most + high
    for each in scales or ():
        low, high = _exponents(each.astype(np.float32), _SINGLE.emin, _SINGLE.emax)
        if low < -_FARTHEST_SCALE or high > _FARTHEST_SCALE:
            return False
        least, most = least + low, most + high
    if held is not None and np.any((held != 0) & (np.abs(held) < 2.0**LOWEST_OF_INTEGERS)):
        return False
    return least >= LOWEST_OF_INTEGERS and most + 2 <= _SINGLE.emax


def _exponents(side: NDArray[Any], low: int, high: int) -> tuple[int, int]:
    """Smallest and largest exponent of finite numbers but zero, in ``low`` to ``high``."""
    sizes = np.abs(side).view(np.uint32)
    infinite = np.uint32(0x7F800000)
    most = int(np.max(sizes, initial=0))
    if most >= infinite:
        most = int(np.max(sizes, initial=0, where=sizes < infinite))
    least = int(np.min(sizes - np.uint32(1), initial=infinite)) + 1  # zeros are the largest
    places = (max((each >> 23) - 127, low) for each in (least, most))
    smallest, largest = (min(place, high) for place in places)
    return smallest, largest


def _rounds(acc: FloatAccConfig) -> bool:
    """Whether kernels round so."""
    return (
        acc.rounding in (Rounding.RNE, Rounding.RTZ, Rounding.ODD)
        and acc.format.has_inf
        and acc.overflow is not Overflow.SATURATE
        and acc.subnormals
        and not acc.flushes
    )


def _rule(acc: FloatAccConfig, bits: int, *, on_grid: bool, overflows: bool) -> Rule:
    stops = acc.rounding is Rounding.RTZ and acc.overflow is not Overflow.TO_INF
    maximum = float(acc.format.max)
    return Rule(
        bits=bits,
        mantissa_bits=acc.format.mantissa_bits,
        emin=acc.format.emin,
        rounding=acc.rounding.value,
        on_grid=on_grid,
        overflows=overflows,
        zero=acc.zero.value,
        maximum=maximum,
        beyond=maximum if stops else float("inf"),
    )


def _shares(config: MacConfig) -> bool:
    """Whether the products of a group, or of a step without groups, can be scaled before.

    Where a window has no bits, products of a group have to share their scales.
    """
    assert config.block is not None
    how, size = config.summation, config.block.size
    shared = how.groups is not None and size % how.groups.run == 0
    return how.exponents.of_zero is None and (how.window_bits is not None or shared)


def _is_wide(config: MacConfig, bits: int) -> bool:
    """Whether a carrier holds the sums of a step, and of a late one."""
    how, acc = config.summation, config.accumulator
    assert isinstance(acc, FloatAccConfig)
    assert isinstance(config.a, FloatFormat)
    assert isinstance(config.b, FloatFormat)
    ways = 1 if how.groups is None else how.groups.ways
    largest = 4.0 if how.window_bits else 4 * float(config.a.max * config.b.max)
    above = ceil(log2(largest * (how.lanes // ways) + 2))
    if acc.format.mantissa_bits > bits:
        return False
    if how.window_bits is None:
        # Exact sums of products that share scales, whose significands have four bits each.
        if above - config.product_lsb_exponent + 8 > bits:
            return False
    elif how.window_bits - 1 + above > bits - 1:
        return False
    late = 0 if how.late is None else how.late.sum_bits or 0
    wide = [each for each in (how.join.bits if how.join else 0, late) if each]
    return all(each + above + ceil(log2(ways + 1)) <= bits - 1 for each in wide)


def _is_near(config: MacConfig, largest: float, on_grid: bool, started: bool) -> bool:
    """Whether all exponents are far from the ends of float32; the kernel adds up to 23 to them."""
    how = config.summation
    return (
        on_grid
        and not started
        and how.late is None
        and how.groups is None
        and how.exponents.of_zero is None
        and how.cut is TermCut.TRUNCATE
        and config.product_lsb_exponent >= -80
        and largest <= 100
    )
