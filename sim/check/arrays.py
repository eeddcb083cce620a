"""Tiles to try a matrix unit with."""

import random

from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact.arrays import Element, Scale

__all__ = ["random_scales", "random_tiles"]


def random_tiles(config: ArrayConfig, count: int, seed: int) -> list[list[Element]]:
    """Tiles of one element up to twice as many as rows, and a few; operands weighted to rare cases.

    Equal seeds give equal tiles.
    """
    rng = random.Random(seed)
    lengths = [rng.randint(1, 2 * config.rows + 3) for _ in range(count)]
    sides = (config.rows, config.columns)
    drawn = biased_triples(config.cell, sum(lengths) * max(sides), seed).integers()
    operands = [iter([each[side] for each in drawn]) for side in range(2)]

    def some(side: int) -> tuple[int, ...]:
        return tuple(next(operands[side]) for _ in range(sides[side]))

    return [[Element(some(0), some(1)) for _ in range(length)] for length in lengths]


def random_scales(config: ArrayConfig, seed: int) -> list[Scale]:
    """Multiplier and shift of each column, so that sums of a few products are in and out of range.

    None where sums do not leave as integers.
    """
    output, rng = config.requantizer, random.Random(seed)
    if output is None:
        return []
    most = (1 << output.multiplier_bits) - 1
    spare = config.unit.product_bits + output.multiplier_bits - output.format.bits
    return [
        Scale(rng.randint(1, most or 1), max(0, spare - rng.randint(0, 6)))
        for _ in range(config.columns)
    ]
