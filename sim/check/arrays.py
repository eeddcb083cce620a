"""Tiles to try a matrix unit with."""

import random

import numpy as np

from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.formats import Format
from fp8mac.sim.check.stimuli import biased_triples, finite_codes
from fp8mac.sim.check.words import random_rescales
from fp8mac.sim.exact.arrays import Element
from fp8mac.sim.exact.golden import Rescale, unpack

__all__ = ["random_scales", "random_tiles"]


def random_tiles(config: ArrayConfig, count: int, seed: int) -> list[list[Element]]:
    """Tiles of one element up to twice as many as rows, and a few; operands weighted to rare cases.

    Equal seeds give equal tiles. Where sums leave in blocks, three tiles of four are finite, and
    one has few sums: else hardly any block would be finite, or have another scale than most.
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

    tiles = [[element() for _ in range(length)] for length in lengths]
    if config.blocks is None:
        return tiles
    return [_tamed(config, tile, rng) for tile in tiles]


def _tamed(config: ArrayConfig, tile: list[Element], rng: random.Random) -> list[Element]:
    """A tile as it is; one without NaN and infinities; or one of few columns that are not zero."""
    kind = rng.randrange(4)
    if not kind:
        return tile
    stay = [kind < 3 or rng.random() < 1 / 16 for _ in range(config.columns)]
    finite = (_finite(config, each) for each in tile)
    return [
        each._replace(b=tuple(word * stays for word, stays in zip(each.b, stay, strict=True)))
        for each in finite
    ]


def _finite(config: ArrayConfig, element: Element) -> Element:
    """The element without NaN and infinities."""

    def finite(format_: Format, word: int, lanes: int) -> int:
        codes = np.array(unpack(word, format_.bits, lanes), np.uint64)
        return sum(
            code << format_.bits * lane
            for lane, code in enumerate(finite_codes(format_, codes).tolist())
        )

    unit, lanes = config.unit, config.unit.products_per_cycle
    return element._replace(
        a=tuple(finite(unit.a, word, lanes) for word in element.a),
        b=tuple(finite(unit.b, word, lanes * (1 + config.sparse)) for word in element.b),
    )


def random_scales(config: ArrayConfig, seed: int) -> list[Rescale]:
    """What each column's sums are rescaled with; none where they are not."""
    return random_rescales(config.leaves, config.unit, config.columns, seed)
