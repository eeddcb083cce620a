"""What an array of units takes for a product: an analytic model, layer by layer.

The array is systolic and output-stationary: place (r, c) of R x C adds the sum of row r and column
c of a tile. Rows enter from the left and columns from the top, a place later each; a step takes L
products, the unit's lanes. A tile of sums follows the one before it without a gap, its sums leave
beside the next tile::

    tiles   = ceil(n / R) * ceil(m / C)
    steps   = ceil(k / L)
    cycles  = times * tiles * steps + (R - 1) + (C - 1) + latency

Operands of a tile are read from a buffer, results are written to it::

    first operand    n * k words, once for each of the ceil(m / C) columns of tiles
    second operand   k * m words, once for each of the ceil(n / R) rows of tiles
    results          n * m words

The main memory gives each stored operand and takes each result once: rows of a convolution are laid
out where the buffer is read. The buffer holds what two tiles need,
one that is added and one that is fetched, and the results of a tile.

Products of activations and of weights are taken alike, zeros as well.

# Ref: M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014, 45 nm at
# 0.9 V: 64 bits from a cache of 8 KB, 32 KB and 1 MB take 10, 20 and 100 pJ, from DRAM 1.3 to
# 2.6 nJ; docs/machine.md has what CACTI and Accelergy say beside it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.machine.products import Product

__all__ = [
    "DRAM_PJ_PER_BIT",
    "LayerCost",
    "MachineError",
    "UnitArray",
    "buffer_pj_per_bit",
    "energies_pj",
    "layer_costs",
]

DRAM_PJ_PER_BIT = (1300 / 64, 2600 / 64)
"""Of the main memory, least and most."""

_CACHES_PJ = ((8 << 10, 10.0), (32 << 10, 20.0), (1 << 20, 100.0))
"""Bytes, and picojoules for 64 bits."""


class MachineError(Error, ValueError):
    """An array that cannot be; the message is one sentence for the user."""


@dataclass(frozen=True)
class UnitArray:
    """Units side by side.

    Parameters
    ----------
    config : MacConfig
        The unit at each place.
    rows, columns : int
        Places.

    Raises
    ------
    MachineError
        If there is no place.
    """

    config: MacConfig
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1:
            raise MachineError(f"An array of {self.rows} x {self.columns} places has none.")

    @property
    def result_bits(self) -> int:
        """Of a sum that leaves."""
        output = self.config.output
        return output.format.bits if output else self.config.acc_bits


@dataclass(frozen=True)
class LayerCost:
    """What a product takes.

    Parameters
    ----------
    product : Product
        What is computed.
    cycles : int
        From the first operand to the last sum.
    utilisation : float
        Single products over those that all places could have added.
    first_bits, second_bits, result_bits : int
        Between the buffer and the array.
    memory_bits : int
        Between the main memory and the buffer.
    buffer_bits : int
        That the buffer has to hold.
    """

    product: Product
    cycles: int
    utilisation: float
    first_bits: int
    second_bits: int
    result_bits: int
    memory_bits: int
    buffer_bits: int

    @property
    def moved_bits(self) -> int:
        """Between the buffer and the array."""
        return self.first_bits + self.second_bits + self.result_bits


def layer_costs(array: UnitArray, products: Iterable[Product]) -> list[LayerCost]:
    """What each product takes on an array.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> array = UnitArray(parse_line("e4m3 -> fp16"), 2, 4)
    >>> (cost,) = layer_costs(array, [Product("fc", 1, 3, 10, 8, True, 30)])
    >>> cost.cycles, cost.first_bits, cost.second_bits, cost.result_bits
    (45, 480, 1280, 384)
    """
    return [_cost(array, product) for product in products]


def _cost(array: UnitArray, product: Product) -> LayerCost:
    config, lanes = array.config, array.config.products_per_cycle
    down = math.ceil(product.rows / array.rows)
    across = math.ceil(product.columns / array.columns)
    steps = math.ceil(product.terms / lanes)
    fill = array.rows - 1 + array.columns - 1 + config.latency_cycles
    cycles = product.times * down * across * steps + fill
    first = product.times * product.rows * product.terms * config.a.bits
    second = product.times * product.terms * product.columns * config.b.bits
    results = product.times * product.rows * product.columns * array.result_bits
    tile = product.terms * (array.rows * config.a.bits + array.columns * config.b.bits)
    return LayerCost(
        product,
        cycles,
        product.count / (cycles * array.rows * array.columns * lanes),
        first * across,
        second * down,
        results,
        product.stored * config.a.bits + second + results,
        2 * tile + array.rows * array.columns * array.result_bits,
    )


def buffer_pj_per_bit(bits: int) -> float:
    """Energy of a bit from a buffer of so many bits.

    Between the sizes of the reference it is on a line of logarithms; below the smallest and above
    the largest it is theirs.

    Examples
    --------
    >>> round(buffer_pj_per_bit(8 * 8192), 3), round(buffer_pj_per_bit(1), 3)
    (0.156, 0.156)
    >>> round(buffer_pj_per_bit(8 << 14), 3)
    0.221
    """
    size = min(max(bits / 8, _CACHES_PJ[0][0]), _CACHES_PJ[-1][0])
    for (small, low), (large, high) in pairwise(_CACHES_PJ):
        if size <= large:
            share = math.log(size / small) / math.log(large / small)
            return low * (high / low) ** share / 64
    raise AssertionError("sizes are cut to those of the table")


def energies_pj(costs: Sequence[LayerCost], product_pj: float | None) -> dict[str, float | None]:
    """Energy of all layers, in picojoules.

    Parameters
    ----------
    costs : sequence of LayerCost
        Of the layers; the buffer is as large as the one that needs most.
    product_pj : float, optional
        Of a single product, as `fp8mac synth` measures it in a library.

    Returns
    -------
    dict of str to float or None
        ``products`` (None if that of a product is not known), ``buffer``, ``memory`` and
        ``memory_most``, by the least and the most that a bit of DRAM takes.
    """
    size = max(cost.buffer_bits for cost in costs)
    products = sum(cost.product.count for cost in costs)
    moved = sum(cost.memory_bits for cost in costs)
    return {
        "products": None if product_pj is None else products * product_pj,
        "buffer": sum(cost.moved_bits for cost in costs) * buffer_pj_per_bit(size),
        "memory": moved * DRAM_PJ_PER_BIT[0],
        "memory_most": moved * DRAM_PJ_PER_BIT[1],
    }
