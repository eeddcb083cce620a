"""Matrix products by the definition, `fp8mac.sim.gemm.definition`, one element after the other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.golden import State
from fp8mac.sim.gemm import definition
from fp8mac.sim.gemm.plan import Options, Plan
from fp8mac.sim.gemm.result import GemmResult, reset, store

__all__ = ["add_partial", "multiply"]


def _is_stochastic(config: MacConfig) -> bool:
    return getattr(config.accumulator, "rounding", None) is Rounding.STOCHASTIC


def multiply(
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: GemmResult,
    options: Options,
    draws: Draws,
    chosen: Plan,
) -> GemmResult:
    """Accumulators after all products of codes, of shapes (m, k) and (k, n)."""
    left, right = codes
    result = reset(start.config, start.flags.shape[:2], chosen)
    stochastic = _is_stochastic(start.config)
    for place in np.ndindex(*result.flags.shape[:2]):
        row, column = place

        def random(step: int, row: int = row, column: int = column) -> int:
            return int(draws.of(step, row, row + 1)[0, column])

        state = definition.dot(
            start.config,
            left[row].tolist(),
            right[:, column].tolist(),
            start.state(row, column),
            lanes=options.lanes,
            align_bits=options.align_bits,
            tree=options.tree,
            random=random if stochastic else None,
            random_bits=draws.bits,
        )
        store(result, place, state)
    return result


def add_partial(draws: Draws, held: GemmResult, partial: GemmResult, step: int) -> GemmResult:
    """Outer accumulators after partial sums were added to them."""
    shape = held.flags.shape[:2]
    result = reset(held.config, shape, partial.plan)
    random = draws.of(step, 0, shape[0]) if _is_stochastic(held.config) else None
    for place in np.ndindex(*shape):
        inner, before = partial.state(*place), held.state(*place)
        flags = tuple(x or y for x, y in zip(before.flags, inner.flags, strict=True))
        new = State(None, flags)
        if True not in flags:
            new = golden.add_products(
                held.config,
                before.acc or 0,
                [golden.read(partial.config, inner.acc or 0)],
                random=None if random is None else int(random[place]),
                random_bits=draws.bits,
            )
        store(result, place, new)
    return result
