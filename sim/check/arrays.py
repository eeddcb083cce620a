"""Tiles to try a matrix unit with."""

import random

from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact.arrays import Element

__all__ = ["random_tiles"]


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
