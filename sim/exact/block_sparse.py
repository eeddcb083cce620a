"""Golden model of a block-sparse matrix unit: which elements are there, and the words of its ports.

A memory is the right matrix: for each of its elements the operands of all columns.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fp8mac.hw.config.arrays.array import ArrayConfig, element_fields
from fp8mac.hw.config.arrays.block_sparse import (
    BlockSparseConfig,
    block_fields,
    left_fields,
    right_fields,
)
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.sim.exact.arrays import Element, element_words

__all__ = [
    "LeftElement",
    "SparseTile",
    "block_words",
    "left_words",
    "memory_words",
    "present_elements",
    "tile_of",
]

Memory = Sequence[tuple[int, ...]]


class LeftElement(NamedTuple):
    """A column of the left matrix, with indices where two of four elements are there."""

    a: tuple[int, ...]
    chosen: tuple[int, ...] = ()


class SparseTile(NamedTuple):
    """Rows of the left matrix: the numbers of the blocks that are there, and their elements."""

    blocks: tuple[int, ...]
    left: tuple[LeftElement, ...]


def tile_of(config: BlockSparseConfig, rows: Sequence[Sequence[int]]) -> SparseTile:
    """Tile of some rows of codes, one lane an element: blocks of zeros, of any sign, are left out.

    Parameters
    ----------
    rows : sequence
        By row and place; the last block may be short, and is filled with zeros.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("int8", acc="int32")
    >>> config = BlockSparseConfig(ArrayConfig(unit, 1, 1), 2)
    >>> tile_of(config, [[0, 0, 0, 7, 0, 0, 5]]).blocks
    (1, 3)
    """
    size, zeros = config.elements, _zeros(config.array.unit.a)
    columns = [LeftElement(column) for column in zip(*rows, strict=True)]
    columns += [LeftElement((0,) * config.array.rows)] * (-len(columns) % size)
    blocks = [
        number
        for number in range(len(columns) // size)
        if not zeros.issuperset(
            code for each in columns[number * size : (number + 1) * size] for code in each.a
        )
    ]
    left = (columns[number * size + step] for number in blocks for step in range(size))
    return SparseTile(tuple(blocks), tuple(left))


def _zeros(format_: Format) -> set[int]:
    """Codes that are zero."""
    signed = isinstance(format_, FloatFormat) and not format_.specials.nan_is_negative_zero
    return {0, 1 << format_.bits - 1} if signed else {0}


def present_elements(config: BlockSparseConfig, tile: SparseTile, memory: Memory) -> list[Element]:
    """What the array takes: elements of blocks that are there, or one of zeros if there is none.

    Parameters
    ----------
    memory : sequence of tuple of int
        At least as many elements as blocks that are there reach.
    """
    if not tile.blocks:
        return [Element((0,) * config.array.rows, (0,) * config.array.columns, _none(config.array))]
    addresses = (
        number * config.elements + step for number in tile.blocks for step in range(config.elements)
    )
    return [
        Element(left.a, memory[address], left.chosen)
        for left, address in zip(tile.left, addresses, strict=True)
    ]


def _none(array: ArrayConfig) -> tuple[int, ...]:
    return (0,) * array.rows if array.sparse else ()


def block_words(config: BlockSparseConfig, tile: SparseTile) -> Iterator[int]:
    """What a tile's blocks are on ``k__payload``."""
    fields = block_fields(config)
    none = 1 << fields["block"]
    if not tile.blocks:
        yield none | none << 1
    for at, number in enumerate(tile.blocks):
        yield number | (none << 1) * (at == len(tile.blocks) - 1)


def left_words(config: BlockSparseConfig, tile: SparseTile) -> Iterator[int]:
    """What a tile's elements of the left matrix are on ``i__payload``."""
    nothing = (0,) * config.array.columns
    elements = [Element(each.a, nothing, each.chosen) for each in tile.left]
    return _parts(config, elements, left_fields(config))


def memory_words(config: BlockSparseConfig, memory: Memory) -> Iterator[int]:
    """What the memory has at each address, as ``data`` shows it."""
    nothing = (0,) * config.array.rows
    elements = [Element(nothing, each, _none(config.array)) for each in memory]
    return _parts(config, elements, right_fields(config))


def _parts(
    config: BlockSparseConfig, elements: Sequence[Element], fields: dict[str, int]
) -> Iterator[int]:
    """Some fields of elements, one beside the other."""
    for word in element_words(config.array, elements):
        found = place = low = 0
        for name, bits in element_fields(config.array).items():
            if name in fields:
                found |= (word >> low & (1 << bits) - 1) << place
                place += bits
            low += bits
        yield found
