"""Golden model of a matrix unit: what a tile adds up to, and the words of its two streams.

An element is the operands of all rows and of all columns, as `fp8mac.sim.exact.golden.mac` takes
them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fp8mac.hw.config.arrays.array import ArrayConfig, element_fields, row_fields
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.outputs import NO_RESCALE, Rescale, leave_as, leave_block

__all__ = [
    "Element",
    "Word",
    "element_words",
    "row_words",
    "tile_sums",
]


class Element(NamedTuple):
    """A column of the left matrix, and a row of the right one.

    Of a sparse array ``b`` has four codes for each two lanes, and ``chosen`` has for each row which
    of them its lanes take: two bits a lane, lane 0 lowest.
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    chosen: tuple[int, ...] = ()


class Word(NamedTuple):
    """Bits, and which of them are specified."""

    bits: int
    known: int


def tile_sums(config: ArrayConfig, elements: Sequence[Element]) -> list[list[golden.State]]:
    """State of each place of an array behind a tile, by row and column.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> array = ArrayConfig(parse_unit("int8", acc="int32"), 1, 2)
    >>> [[each.acc for each in row] for row in tile_sums(array, [Element((3,), (4, 5))] * 2)]
    [[24, 30]]
    """
    unit, found = config.unit, list[list[golden.State]]()
    for row in range(config.rows):
        found.append([])
        for column in range(config.columns):
            state = golden.reset(unit)
            for element in elements:
                b = element.b[column]
                if config.sparse:
                    b = _chosen(config, b, element.chosen[row])
                state = golden.step(unit, state, element.a[row], b)
            found[-1].append(state)
    return found


def _chosen(config: ArrayConfig, b: int, index: int) -> int:
    """Codes that lanes take."""
    bits, lanes = config.unit.b.bits, config.unit.products_per_cycle
    codes = golden.unpack(b, bits, 2 * lanes)
    places = golden.unpack(index, 2, lanes)
    return sum(codes[lane // 2 * 4 + place] << bits * lane for lane, place in enumerate(places))


def element_words(config: ArrayConfig, elements: Sequence[Element]) -> Iterator[int]:
    """What a tile's elements are on ``i__payload``."""
    fields, unit = element_fields(config), config.unit
    for at, element in enumerate(elements):
        values: dict[str, list[int]] = {}
        for name, words, format_ in (("a", element.a, unit.a), ("b", element.b, unit.b)):
            pairs = [golden.apart(unit, word, format_.bits) for word in words]
            values[name], values[f"s{name}"] = (list(each) for each in zip(*pairs, strict=True))
        values |= {"index_a": list(element.chosen), "last": [int(at == len(elements) - 1)]}
        yield _packed(fields, values)


def row_words(
    config: ArrayConfig,
    sums: Sequence[Sequence[golden.State]],
    scales: Sequence[Rescale] = (),
) -> Iterator[Word]:
    """What a tile's rows of sums are on ``o__payload``, row 0 first.

    Parameters
    ----------
    sums : sequence
        By row and column.
    scales : sequence of Rescale
        Of each column, where sums are rescaled as they leave.
    """
    fields, unit = row_fields(config), config.unit
    for at, states in enumerate(sums):
        values = {
            flag: [int(state.flags[place]) for state in states]
            for place, flag in enumerate(unit.flags)
        }
        if config.blocks is not None:
            codes, values["scale"] = _in_blocks(config, states)
        elif config.leaves is None:
            codes = [state.acc for state in states]
        else:
            given = scales or [NO_RESCALE] * len(states)
            codes = [
                leave_as(config.leaves, unit.plain, *each)
                for each in zip(states, given, strict=True)
            ]
        name = next(iter(fields))
        bits = fields[name] // len(codes)
        known = {each: [(1 << width) - 1] for each, width in fields.items()}
        known[name] = [(code is not None) * ((1 << bits) - 1) for code in codes]
        values[name] = [code or 0 for code in codes]
        values["last"] = [int(at == len(sums) - 1)]
        yield Word(_packed(fields, values), _packed(fields, known))


def _in_blocks(
    config: ArrayConfig, states: Sequence[golden.State]
) -> tuple[list[int | None], list[int]]:
    """Codes of a row's elements, and those of the scales of its blocks."""
    output = config.blocks
    assert output is not None
    found = [
        leave_block(output, config.unit.plain, states[first : first + output.size])
        for first in range(0, len(states), output.size)
    ]
    return [code for block in found for code in block.codes], [block.scale for block in found]


def _packed(fields: dict[str, int], values: dict[str, list[int]]) -> int:
    """Fields from the lowest up, and the numbers of each."""
    word = place = 0
    for name, width in fields.items():
        bits = width // len(values[name])
        for number in values[name]:
            word |= number << place
            place += bits
    return word
