"""Tiles to try a block-sparse matrix unit with."""

import random

from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig
from fp8mac.sim.check.arrays import random_tiles
from fp8mac.sim.exact.block_sparse import LeftElement, SparseTile

__all__ = ["random_sparse_tiles"]

_MOST = 4
"""Blocks of a tile."""


def random_sparse_tiles(
    config: BlockSparseConfig, count: int, seed: int
) -> tuple[list[tuple[int, ...]], list[SparseTile]]:
    """A memory and tiles of up to four blocks, every fifth of none; operands as of `random_tiles`.

    Equal seeds give equal tiles.
    """
    rng = random.Random(seed)
    elements = [each for tile in random_tiles(config.array, 1 + count, seed) for each in tile]
    memory = [rng.choice(elements).b for _ in range(min(config.depth, 16 * config.elements))]
    blocks = range(len(memory) // config.elements)
    tiles = list[SparseTile]()
    for number in range(count):
        most = 0 if number % 5 == 3 else rng.randint(1, min(_MOST, len(blocks)))
        chosen = tuple(sorted(rng.sample(blocks, most)))
        drawn = (rng.choice(elements) for _ in range(most * config.elements))
        tiles.append(SparseTile(chosen, tuple(LeftElement(each.a, each.chosen) for each in drawn)))
    return memory, tiles
