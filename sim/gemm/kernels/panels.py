"""Operands in the order in which kernels add them, columns side by side in panels."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.gemm import definition

__all__ = ["exponents_of", "order_of", "ordered", "panels_of"]


def exponents_of(numbers: NDArray[Any], emin: int, none: int) -> NDArray[np.int16]:
    """Exponents of numbers as a unit sees them; ``none`` for those that are zero."""
    found = np.maximum(np.frexp(numbers)[1] - 1, emin)
    return np.where(numbers == 0, none, found).astype(np.int16)


def panels_of(rows: NDArray[Any], width: int) -> NDArray[Any]:
    """Rows as columns of panels, shape (panels, k, width)."""
    panels = -(-len(rows) // width)
    padded = np.pad(rows, ((0, panels * width - len(rows)), (0, 0)))
    return np.ascontiguousarray(padded.reshape(panels, width, -1).transpose(0, 2, 1))


@lru_cache(maxsize=64)
def order_of(config: MacConfig, terms: int) -> tuple[NDArray[np.int64] | None, int | None]:
    """Products in the order of steps and of groups, -1 where there is none; and those of a chunk.

    None where they are in order already, and nothing is missing but at the very end.
    """
    how, chunk = config.summation, config.summation.chunk
    ways, run = (1, how.lanes) if how.groups is None else (how.groups.ways, how.groups.run)
    whole = chunk is None or chunk % how.lanes == 0
    if (
        how.deal is None
        and whole
        and (ways == 1 or (terms % how.lanes == 0 and ways * run == how.lanes))
    ):
        return None, chunk
    found: list[int] = []
    for opened in range(0, terms, chunk or max(terms, 1)):
        places = range(opened, min(opened + (chunk or terms), terms))
        for each in definition.steps(config, places):
            step = each + [-1] * (how.lanes - len(each))
            found += [
                place
                for way in range(ways)
                for k, place in enumerate(step)
                if k // run % ways == way
            ]
    return np.array(found), None if chunk is None else -(-chunk // how.lanes) * how.lanes


def ordered(rows: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    """Columns in an order, zeros where it says -1."""
    found = np.take(rows, order, axis=1)
    return np.where(order < 0, 0, found) if (order < 0).any() else found
