"""Flags of accumulators that cannot hold NaN or infinities: which sums raise them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, has_special

__all__ = ["raise_flags"]


def raise_flags(config: MacConfig, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Flags of sums of products of codes, shape (m, n, flags), or (flags,) if none is raised."""
    if not config.flags or not (has_special(a, config.a) or has_special(b, config.b)):
        return np.zeros(len(config.flags), bool)
    return _raised(config, decode(a, config.a), decode(b, config.b))


def _raised(config: MacConfig, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Flags that some product raises, shape (m, n, flags)."""
    nan = np.logical_or.outer(np.isnan(a).any(axis=1), np.isnan(b).any(axis=0))
    if config.flags == ("nan",):
        return nan[..., None]

    def meet(x: NDArray[np.bool_], y: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return x.astype(np.float32) @ y.astype(np.float32) > 0

    infinite_a, infinite_b = np.isinf(a), np.isinf(b)
    nan |= meet(infinite_a, b == 0) | meet(a == 0, infinite_b)
    flags = []
    for sign in (1, -1):
        flag = nan.copy()
        for side in (1, -1):
            x, y = side * a > 0, sign * side * b > 0
            flag |= meet(infinite_a & x, y) | meet(x, infinite_b & y)
        flags.append(flag)
    return np.stack(flags, axis=-1)
