"""Steps that find mistakes, as tiles: rows of operands, columns of them, a sum where they meet.

A tile follows one recipe, and each of its rows and columns has exponents and significands of one
kind:

==============  ===========================================================================
lanes           any, finite, sparse, equal and cancelling, see `lane_codes`
alone           one lane has a product
nearly          cancelling, but one lane is a code off: what is left is small
left over       cancelling, but for a quarter of the lanes
special         finite, but for one or two lanes with the largest exponent field there is
one bit         one lane has a product, with an operand of a single one: every bit in its turn
==============  ===========================================================================

==============  ===========================================================================
exponents       any, in a band of a few binades, subnormal or next to it, next to the largest
significands    any, or with a single one, without any, or with ones only
accumulators    `float_accumulators` for the sum of the products, or for the largest of them; of
                every exponent with one bit of mantissa or none
==============  ===========================================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Format, parse_format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.stimuli import float_accumulators, lane_codes, operand_codes
from fp8mac.sim.check.words import scale_codes
from fp8mac.sim.codes.numbers import values

__all__ = ["SIDE", "Tile", "biased_tile"]

SIDE = 64
"""Rows of a biased tile, and columns."""

_UE4M3 = parse_format("e4m3")
_FINITE, _CANCELLING = 1, 4
_RECIPES = {"any": 0, "finite": _FINITE, "sparse": 2, "equal": 3, "cancelling": _CANCELLING}
_RECIPES |= {"alone": _FINITE, "special": _FINITE, "nearly": _CANCELLING, "left over": _CANCELLING}

Codes = NDArray[np.uint64]


class Tile(NamedTuple):
    """Rows and columns of operands, shapes (m, lanes) and (n, lanes), scales, and (m, n) sums."""

    a: Codes
    b: Codes
    scales: tuple[Codes, Codes] | None
    c: Codes


def biased_tile(config: MacConfig, rng: np.random.Generator, at: int) -> Tile:
    """A tile of 64 rows and columns.

    Parameters
    ----------
    config : MacConfig
        A unit with a float accumulator and without chunks.
    at : int
        Its number: every fourth one has operands of one bit, where the one before went on.
    """
    lanes = config.products_per_cycle
    one_bit = at % 4 == 3
    recipe = "finite" if one_bit else rng.choice([*_RECIPES])
    a, b = (codes.reshape(SIDE, lanes) for codes in operand_codes(config, SIDE * lanes, rng))
    a, b = (
        _significands(each, _exponents(each, codes, rng), rng)
        for each, codes in ((config.a, a), (config.b, b))
    )
    a, b = lane_codes(config, a, b, rng, np.full((SIDE, 1), _RECIPES[recipe]))
    if one_bit:
        a, b = _one_bit(config, a, b, at // 4, rng)
    elif recipe == "alone":
        a = np.where(np.arange(lanes) == rng.integers(0, lanes, (SIDE, 1)), a, np.uint64(0))
    elif recipe == "special":
        a = _special(config.a, a, rng)
    elif recipe == "nearly":
        moved = a ^ (np.arange(lanes) == rng.integers(0, lanes, (SIDE, 1))).astype(np.uint64)
        a, _ = lane_codes(config, moved, b, rng, np.full((SIDE, 1), _FINITE))
    elif recipe == "left over":
        other, _ = lane_codes(config, a[::-1], b, rng, np.full((SIDE, 1), _FINITE))
        a = np.where(rng.random(a.shape) < 0.25, other, a)
    scales = _scales(config, rng)
    return Tile(a, b, scales, _accumulators(config, a, b, scales, rng))


def _exponents(format_: Format, codes: Codes, rng: np.random.Generator) -> Codes:
    """Codes, shape (n, lanes), whose exponents are of one kind in each row."""
    if not isinstance(format_, FloatFormat):
        return codes
    place = np.uint64(format_.mantissa_bits)
    most = (1 << format_.exponent_bits) - 1
    mask = np.uint64(most)
    field, shape = codes >> place & mask, (len(codes), 1)
    low, width = rng.integers(0, most, shape), rng.integers(1, min(most, 20) + 1, shape)
    kinds = np.stack(
        [
            field,
            low.astype(np.uint64) + field % width.astype(np.uint64),
            field & np.uint64(1),
            mask - (field & np.uint64(1)),
        ]
    )
    kind = rng.choice(4, shape, p=[0.4, 0.4, 0.1, 0.1])
    chosen = np.minimum(np.take_along_axis(kinds, kind[None], axis=0)[0], mask)
    return codes & ~(mask << place) | chosen << place


def _significands(format_: Format, codes: Codes, rng: np.random.Generator) -> Codes:
    """Codes, shape (n, lanes), whose significands have few ones, or ones only, in some rows."""
    if not isinstance(format_, FloatFormat) or not format_.mantissa_bits:
        return codes
    mask = np.uint64((1 << format_.mantissa_bits) - 1)
    single = np.uint64(1) << rng.integers(0, format_.mantissa_bits, codes.shape, np.uint64)
    kinds = np.stack([single, np.zeros_like(codes), np.full_like(codes, mask)])
    kind = rng.choice(3, codes.shape, p=[0.6, 0.2, 0.2])
    chosen = np.take_along_axis(kinds, kind[None], axis=0)[0]
    return np.where(rng.random((len(codes), 1)) < 0.25, codes & ~mask | chosen, codes)


def _special(format_: Format, codes: Codes, rng: np.random.Generator) -> Codes:
    """Codes, shape (n, lanes), with infinities, NaN, or large numbers in one lane or two."""
    if not isinstance(format_, FloatFormat):
        return codes
    lanes = rng.integers(0, codes.shape[1], (2, len(codes), 1))
    lanes[1] = np.where(rng.random((len(codes), 1)) < 0.5, lanes[0], lanes[1])
    one = (np.arange(codes.shape[1]) == lanes).any(axis=0)
    place = format_.mantissa_bits
    mask = np.uint64((1 << place) - 1)
    single = np.uint64(1) << rng.integers(0, max(place, 1), codes.shape, np.uint64) & mask
    low = np.where(rng.random(codes.shape) < 0.5, np.uint64(0), single)
    high = np.uint64((1 << format_.exponent_bits) - 1 << place) | low
    return np.where(one, codes & np.uint64(format_.sign_code) | high, codes)


def _one_bit(
    config: MacConfig, a: Codes, b: Codes, at: int, rng: np.random.Generator
) -> tuple[Codes, Codes]:
    """Rows, or in every other tile columns, with one lane that has one bit, beside its sign."""
    format_ = config.b if at % 2 else config.a
    lanes = a.shape[1]
    bits = format_.bits - 1
    place = (at // 2 * SIDE + np.arange(SIDE)) % (lanes * bits)
    rows = np.zeros_like(a)
    sign = rng.integers(0, 2, SIDE, np.uint64) << np.uint64(bits)
    if not isinstance(format_, FloatFormat):
        sign[:] = 0
    rows[np.arange(SIDE), place // bits] = np.uint64(1) << (place % bits).astype(np.uint64) | sign
    return (a, rows) if at % 2 else (rows, b)


def _scales(config: MacConfig, rng: np.random.Generator) -> tuple[Codes, Codes] | None:
    """Scales of the blocks of each row and column."""
    if config.block is None:
        return None
    size, scale = (SIDE, config.scales_per_cycle), config.block.scale
    return scale_codes(scale, size, rng), scale_codes(scale, size, rng)


def _accumulators(
    config: MacConfig,
    a: Codes,
    b: Codes,
    scales: tuple[Codes, Codes] | None,
    rng: np.random.Generator,
) -> Codes:
    """Accumulators that fit the sum of the products of their step, or the largest; some bare."""
    left, right = values(config.a, a), values(config.b, b)
    if scales is not None:
        assert config.block is not None
        run = config.products_per_cycle // config.scales_per_cycle
        scale = config.block.scale
        left, right = (
            each * np.repeat(_scale_values(scale, codes), run, axis=1)
            for each, codes in zip((left, right), scales, strict=True)
        )
    assert isinstance(config.accumulator, FloatAccConfig)
    total = left @ right.T
    largest = np.zeros_like(total)
    for lane in range(left.shape[1]):
        product = np.outer(left[:, lane], right[:, lane])
        largest = np.where(np.abs(product) > np.abs(largest), product, largest)
    fits = np.where(rng.random(total.shape) < 0.5, total, largest)
    format_ = config.accumulator.format
    codes = float_accumulators(format_, fits.ravel(), rng)
    bare = _bare(format_, codes.shape, rng)
    return np.where(rng.random(codes.shape) < 0.1, bare, codes).reshape(total.shape)


def _bare(format_: FloatFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Codes of every exponent, half of them at the ends, with one bit of mantissa or none."""
    last = (1 << format_.exponent_bits) - 1
    ends = rng.choice([0, max(last - 1, 0), last], shape)
    field = np.where(rng.random(shape) < 0.5, ends, rng.integers(0, last + 1, shape))
    bits = format_.mantissa_bits
    single = np.int64(1) << rng.integers(0, max(bits, 1), shape)
    mantissa = np.where((rng.random(shape) < 0.5) & (bits > 0), single, 0)
    sign = rng.integers(0, 2, shape) << (bits + format_.exponent_bits)
    return (sign | field << bits | mantissa).astype(np.uint64)


def _scale_values(scale: ScaleFormat, codes: Codes) -> NDArray[np.float64]:
    """Values of scales; NaN as the number that its fields spell."""
    if scale is ScaleFormat.E8M0:
        return np.ldexp(1.0, codes.astype(np.int64) - 127)
    return values(_UE4M3, codes & np.uint64(127))
