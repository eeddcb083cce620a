"""Tiles to try a matrix unit with."""

import random

from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.check.words import random_rescales
from fp8mac.sim.exact.arrays import Element
from fp8mac.sim.exact.golden import Rescale

__all__ = ["random_scales", "random_tiles"]


def random_tiles(config: ArrayConfig, count: int, seed: int) -> list[list[Element]]:
    """Tiles of one element up to twice as many as rows, and a few; operands weighted to rare cases.

    Equal seeds give equal tiles.
    """
    rng = random.Random(seed)
    lanes, sparse = config.unit.products_per_cycle, config.sparse
    lengths = [rng.randint(1, 2 * config.rows + 3) for _ in range(count)]
    sides = (config.rows, config.columns)
    drawn = biased_triples(config.cell, sum(lengths) * max(sides) * 2, seed).integers()
    operands = [iter([each[side] for each in drawn]) for side in range(2)]

    def some(side: int) -> tuple[int, ...]:
        return tuple(next(operands[side]) for _ in range(sides[side]))

    def element() -> Element:
        if not sparse:
            return Element(some(0), some(1))
        places = lanes * config.unit.b.bits
        b = tuple(low | high << places for low, high in zip(some(1), some(1), strict=True))
        element_rows = range(config.rows)
        pairs = [(low, high) for high in range(4) for low in range(high)]
        index = [[p for _ in range(lanes // 2) for p in rng.choice(pairs)] for _ in element_rows]
        packed = tuple(sum(place << 2 * at for at, place in enumerate(each)) for each in index)
        return Element(some(0), b, packed)

    return [[element() for _ in range(length)] for length in lengths]


def random_scales(config: ArrayConfig, seed: int) -> list[Rescale]:
    """What each column's sums are rescaled with; none where they are not."""
    return random_rescales(config.leaves, config.unit, config.columns, seed)
