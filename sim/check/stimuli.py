"""Stimuli that find mistakes: pairs of operands, and accumulators chosen to fit their product.

Uniform codes almost never tie, cancel, underflow or overflow. Here most accumulators are placed
relative to the product that will be added to them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.words import beside, integers, packed, scale_codes
from fp8mac.sim.codes.numbers import values

__all__ = [
    "Triples",
    "biased_triples",
    "finite_codes",
    "float_accumulators",
    "integers",
    "lane_codes",
    "operand_codes",
    "packed",
    "random_carries",
    "random_numbers",
]

Codes = NDArray[np.uint64]


class Triples(NamedTuple):
    """Operands and accumulators of one step.

    ``a`` and ``b`` have shape (n,), or of several lanes, packed, (n, k), as ``c`` has: ``k`` words
    of 64 bits, least significant first. Scales of blocks stand above the codes.
    """

    a: Codes
    b: Codes
    c: Codes

    def __iter__(self) -> Iterator[Codes]:  # the three arrays, for `a, b, c = triples`
        return iter((self.a, self.b, self.c))

    def integers(self) -> list[tuple[int, int, int]]:
        """The triples as Python integers."""
        return list(zip(*map(integers, self), strict=True))


def biased_triples(config: MacConfig, count: int, seed: int) -> Triples:
    """Operand pairs with accumulators where rounding, cancelling and overflowing happen.

    Where both operands together have at most 16 bits and ``count`` allows it, every pair of them
    occurs at least once. Symmetric integers never get their excluded code.

    Parameters
    ----------
    count : int
        Number of triples.
    seed : int
        Equal seeds give equal triples.
    """
    rng = np.random.default_rng(seed)
    lanes = config.products_per_cycle
    a, b = operand_codes(config, count * lanes, rng)
    if lanes > 1:
        a, b = lane_codes(config, a.reshape(count, lanes), b.reshape(count, lanes), rng)
    if isinstance(config.accumulator, FloatAccConfig):
        product = values(config.a, a) * values(config.b, b)
        total = product if lanes == 1 else product.sum(axis=1)
        c = float_accumulators(config.accumulator.format, total, rng)[:, None]
    else:
        c = _fixed_accumulators(config, a, b, rng)
    if lanes == 1 and config.block is None:
        return Triples(a, b, c)
    a, b = (
        packed(a.reshape(count, lanes), config.a.bits),
        packed(b.reshape(count, lanes), config.b.bits),
    )
    if config.block is None:
        return Triples(a, b, c)
    scales = (scale_codes(config.block.scale, (count, config.scales_per_cycle), rng) for _ in "ab")
    words = zip((a, b), (config.a, config.b), scales, strict=True)
    a, b = (beside(word, lanes * format_.bits, scale) for word, format_, scale in words)
    return Triples(a, b, c)


def lane_codes(
    config: MacConfig,
    a: Codes,
    b: Codes,
    rng: np.random.Generator,
    recipe: NDArray[np.int64] | None = None,
) -> tuple[Codes, Codes]:
    """Codes of lanes, shape (n, lanes), after one of these recipes was followed in each case.

    ``recipe``, shape (n, 1), says which; by default it is drawn.

    ==========  ================================================================
    recipe      lanes
    ==========  ================================================================
    any         as they are, NaN and infinities included
    finite      as they are, but for those
    sparse      finite, a few of them, the others zero
    equal       finite, all of them the same product, or that and its negative
    cancelling  finite, every other one the negative of its neighbour
    ==========  ================================================================
    """
    count, lanes = a.shape
    if recipe is None:
        recipe = rng.choice(5, (count, 1), p=[0.1, 0.3, 0.2, 0.2, 0.2])
    a, b = (
        np.where(recipe == 0, codes, finite_codes(format_, codes))
        for format_, codes in ((config.a, a), (config.b, b))
    )
    gone = (recipe == 2) & (rng.random((count, lanes)) < 0.75)
    one = (recipe == 3) & np.ones(lanes, bool)
    a, b = np.where(gone, np.uint64(0), a), np.where(one, b[:, :1], b)
    a = np.where(one, a[:, :1], a)
    flip = one & (rng.random((count, lanes)) < 0.5) & (rng.random((count, 1)) < 0.5)
    pairs = lanes // 2 * 2
    again = (recipe == 4) & (np.arange(lanes) < pairs) & (np.arange(lanes) % 2 == 1)
    before = np.maximum(np.arange(lanes) - 1, 0)
    a, b = np.where(again, a[:, before], a), np.where(again, b[:, before], b)
    return np.where(flip | again, _negative(config.a, a), a), b


def finite_codes(format_: Format, codes: Codes) -> Codes:
    """The codes, NaN and infinities replaced by the largest number of their sign."""
    if not isinstance(format_, FloatFormat):
        return codes
    sign = np.uint64(format_.sign_code)
    largest = np.minimum(codes & (sign - np.uint64(1)), np.uint64(format_.max_code))
    codes = largest | (codes & sign)
    if not format_.has_negative_zero:
        codes = np.where(codes == sign, np.uint64(0), codes)
    return codes


def _negative(format_: Format, codes: Codes) -> Codes:
    """Codes of the negative numbers; of the most negative integer that itself."""
    sign = np.uint64(1 << (format_.bits - 1))
    if isinstance(format_, FloatFormat):
        return finite_codes(format_, codes ^ sign)
    return (~codes + np.uint64(1)) & np.uint64((1 << format_.bits) - 1)


def random_carries(config: MacConfig, count: int, seed: int) -> Codes:
    """Carries beside an accumulator in segments, in words as `Triples.c`; all 0 or 1 in some cases.

    Parameters are those of `biased_triples`.
    """
    rng, bits = np.random.default_rng([seed, 2]), len(config.carry_places)
    words = -(-bits // 64)
    carries = rng.integers(0, 1 << 64, (count, words), dtype=np.uint64)
    kind = rng.random((count, 1))
    carries = np.where(kind < 1 / 8, np.uint64(0), carries)
    carries = np.where(kind > 7 / 8, np.uint64(0xFFFF_FFFF_FFFF_FFFF), carries)
    if bits % 64:
        carries[:, -1] &= np.uint64((1 << bits % 64) - 1)
    return carries


def random_numbers(config: MacConfig, count: int, seed: int) -> list[int]:
    """Random numbers of an accumulator that rounds stochastically, often the extreme ones; else 0.

    Parameters are those of `biased_triples`.
    """
    rng, most = np.random.default_rng([seed, 3]), (1 << (config.random_bits or 0)) - 1
    extreme = rng.choice([0, 1, most, most // 2, most - most // 2], count)
    drawn = np.where(rng.random(count) < 1 / 4, extreme, rng.integers(0, most + 1, count))
    return np.minimum(drawn, most).tolist()


def operand_codes(config: MacConfig, count: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Every pair if there is room, then extreme and random codes, in random order."""
    pair_bits = config.a.bits + config.b.bits
    room = pair_bits <= 16 and 1 << pair_bits <= count
    pairs = np.arange(1 << pair_bits if room else 0, dtype=np.uint64)
    rest = count - len(pairs)
    a = np.concatenate([pairs >> np.uint64(config.b.bits), _codes(config.a, rest, rng)])
    b = np.concatenate([pairs & np.uint64((1 << config.b.bits) - 1), _codes(config.b, rest, rng)])
    order = rng.permutation(count)
    a, b = a[order], b[order]
    for format_, codes in ((config.a, a), (config.b, b)):
        if getattr(format_, "symmetric", False):
            codes[codes == 1 << (format_.bits - 1)] = 1
    return a, b


def _codes(format_: Format, count: int, rng: np.random.Generator) -> Codes:
    """Uniform codes, a third of them next to zero, the largest and the smallest normal number."""
    codes = rng.integers(0, 1 << format_.bits, count, dtype=np.uint64)
    corners = [0, (1 << (format_.bits - 1)) - 1]
    if isinstance(format_, FloatFormat):
        corners += [format_.max_code, 1 << format_.mantissa_bits]
    near = np.array(corners)[rng.integers(0, len(corners), count)] + rng.integers(-2, 3, count)
    near ^= rng.integers(0, 2, count) << (format_.bits - 1)
    near &= (1 << format_.bits) - 1
    return np.where(rng.random(count) < 1 / 3, near.astype(np.uint64), codes)


def float_accumulators(
    format_: FloatFormat, product: NDArray[np.float64], rng: np.random.Generator
) -> Codes:
    """Accumulator codes, each drawn by one of these recipes.

    ===========  =================================================================
    recipe       accumulator
    ===========  =================================================================
    uniform      any code
    overlapping  exponent near that of the product, random mantissa
    cancelling   minus the product, up to two codes off
    tying        half an ulp is the lowest one of the product
    tiny         zero, subnormal and smallest normal numbers
    huge         next to the largest number, and special values
    ===========  =================================================================
    """
    count = len(product)
    mantissa_bits, top = format_.mantissa_bits, (1 << format_.exponent_bits) - 1
    fraction, exponent = np.frexp(product)
    mantissa = rng.integers(0, 1 << mantissa_bits, count)
    body_mask = format_.sign_code - 1

    def build(field: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip(field, 0, top) << mantissa_bits | mantissa

    biased = exponent.astype(np.int64) - 1 + format_.exponent_bias
    reach = format_.precision + 3
    overlapping = build(biased + rng.integers(-reach, reach + 1, count))
    lowest = _lowest_one(fraction)
    tying = build(biased + lowest + format_.precision)
    nearest = np.rint(np.abs(np.ldexp(product, -format_.lsb_exponent)))
    subnormal = np.minimum(nearest, 1 << mantissa_bits).astype(np.int64)
    scaled = np.rint(np.ldexp(np.abs(fraction), format_.precision)).astype(np.int64)
    normal = ((biased - 1) << mantissa_bits) + scaled
    same = np.where(biased >= 1, normal, subnormal) + rng.integers(-2, 3, count)
    cancelling = np.clip(same, 0, body_mask)
    tiny = rng.integers(0, 3 << mantissa_bits, count)
    tiny = np.where(rng.random(count) < 0.3, rng.integers(0, 2, count), tiny)
    huge = np.clip(format_.max_code + rng.integers(-3, 4, count), 0, body_mask)

    recipes = np.stack(
        [rng.integers(0, body_mask + 1, count), overlapping, cancelling, tying, tiny, huge]
    )
    recipe = rng.choice(len(recipes), count, p=[0.15, 0.25, 0.2, 0.2, 0.12, 0.08])
    body = recipes[recipe, np.arange(count)]
    opposite = np.where(recipe == 2, product >= 0, rng.integers(0, 2, count))
    return (body | opposite * format_.sign_code).astype(np.uint64)


def _lowest_one(fraction: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of the lowest one of numbers in [0.5, 1), relative to the highest: 0, -1, ..."""
    bits = np.ldexp(np.abs(fraction), 53).astype(np.int64)
    lowest = np.where(bits > 0, bits & -bits, 1 << 52)
    return np.log2(lowest.astype(np.float64)).astype(np.int64) - 52


def _fixed_accumulators(config: MacConfig, a: Codes, b: Codes, rng: np.random.Generator) -> Codes:
    """Random words, runs of equal bits (long carries), and minus the product."""
    width, count = config.acc_bits, len(a)
    a, b = a.reshape(count, -1), b.reshape(count, -1)
    words = -(-width // 64)
    uniform = rng.integers(0, 1 << 64, (count, words), dtype=np.uint64)
    runs = np.zeros_like(uniform)
    start, length = rng.integers(0, width, count), rng.integers(0, width + 1, count)
    for bit in range(width):
        inside = (bit >= start) & (bit < start + length)
        runs[:, bit // 64] |= inside.astype(np.uint64) << np.uint64(bit % 64)
    runs ^= rng.integers(0, 2, (count, 1), dtype=np.uint64) * np.uint64(0xFFFF_FFFF_FFFF_FFFF)
    scale = config.a.lsb_exponent, config.b.lsb_exponent
    left, right = (
        np.ldexp(values(format_, codes), -exponent).tolist()
        for format_, codes, exponent in zip((config.a, config.b), (a, b), scale, strict=True)
    )
    product = [
        sum(-int(x) * int(y) for x, y in zip(*rows, strict=True))
        for rows in zip(left, right, strict=True)
    ]
    near = np.array(
        [
            [value >> 64 * word & 0xFFFF_FFFF_FFFF_FFFF for word in range(words)]
            for value in product
        ],
        dtype=np.uint64,
    )
    near[:, 0] ^= rng.integers(0, 4, count, dtype=np.uint64)
    recipe = rng.random((count, 1))
    chosen = np.where(recipe < 0.4, uniform, np.where(recipe < 0.75, runs, near))
    if width % 64:
        chosen[:, -1] &= np.uint64((1 << width % 64) - 1)
    return chosen
