"""Matrix products by the definition, `fp8mac.sim.gemm.definition`, one element after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm import definition
from fp8mac.sim.gemm.plan import Plan
from fp8mac.sim.gemm.result import GemmResult, reset, store

__all__ = ["multiply"]


def multiply(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    draws: Draws,
    chosen: Plan,
    *,
    start: GemmResult | None,
    scales: tuple[NDArray[Any], NDArray[Any]] | None,
) -> GemmResult:
    """Accumulators after all products of codes, of shapes (m, k) and (k, n).

    Scales of blocks, where there are any, are of shapes (m, blocks) and (blocks, n).
    """
    left, right = codes
    result = reset(config.result, (left.shape[0], right.shape[1]), chosen)
    for place in np.ndindex(*result.flags.shape[:2]):
        row, column = place

        mine = None
        if scales is not None:
            mine = scales[0][row].tolist(), scales[1][:, column].tolist()

        def random(step: int, bits: int, row: int = row, column: int = column) -> int:
            return int(draws.of(step, row, row + 1, bits)[0, column])

        state = definition.dot(
            config,
            left[row].tolist(),
            right[:, column].tolist(),
            None if start is None else start.state(row, column),
            scales=mine,
            random=random,
        )
        store(result, place, state)
    return result
