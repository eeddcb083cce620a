"""Errors of sums of random numbers, whose signs are random or cancel."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import KulischConfig
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.metrics import sqnr_db

__all__ = ["cancelling_sums", "errors", "exact_sums", "random_sums"]

_SIDE, _DRAWS = 48, 4


def random_sums(config: MacConfig, terms: int) -> dict[str, Any]:
    """Of standard normal numbers; the same codes for all units of a format."""
    drawn = [_drawn(config.a, config.b, terms, draw) for draw in range(_DRAWS)]
    sums = np.stack([gemm(a, b, config).values for a, b, _ in drawn])
    return errors(np.stack([exact for *_, exact in drawn]), sums)


def cancelling_sums(config: MacConfig, terms: int) -> dict[str, Any]:
    """Of a step: all products but two cancel in pairs, and are 2**26 times as large."""
    exact, sums = [], []
    for draw in range(_DRAWS):
        rng = np.random.default_rng([1, terms, draw])
        a, b = (rng.standard_normal((_SIDE, terms)) * 2.0**-7 for _ in range(2))
        pairs = terms // 2 - 1
        a[:, : 2 * pairs] = np.repeat(a[:, :pairs] * 2.0**13, 2, axis=1)
        b[:, : 2 * pairs] = np.repeat(b[:, :pairs] * 2.0**13, 2, axis=1)
        b[:, 1 : 2 * pairs : 2] *= -1
        left, right = encode(a, config.a), np.ascontiguousarray(encode(b, config.b).T)
        exact.append(np.diagonal(exact_sums(config.a, config.b, left, right)))
        sums.append(np.diagonal(gemm(left, right, config).values))
    return errors(np.stack(exact), np.stack(sums))


@cache
def _drawn(a: Format, b: Format, terms: int, draw: int) -> tuple[NDArray[Any], ...]:
    """Codes of both sides, and exact sums."""
    rng = np.random.default_rng([0, terms, draw])
    left = encode(rng.standard_normal((_SIDE, terms)), a)
    right = encode(rng.standard_normal((terms, _SIDE)), b)
    return left, right, exact_sums(a, b, left, right)


def exact_sums(
    a: Format, b: Format, left: NDArray[Any], right: NDArray[Any]
) -> NDArray[np.float64]:
    """Sums of products of codes, in a register that holds them all."""
    acc = KulischConfig(max(12, left.shape[1].bit_length()))
    return gemm(left, right, MacConfig(a, b, acc)).values


def errors(exact: NDArray[np.float64], sums: NDArray[np.float64]) -> dict[str, Any]:
    """What sums lack of the exact ones, as fields of `window.WindowRecord`."""
    error, signal = np.abs(sums - exact), float(np.square(exact).sum())
    ratio = sqnr_db(signal, float(np.square(error).sum()))
    return {
        "sums": error.size,
        "sqnr_db": None if ratio is None else round(ratio, 2),
        "largest_error": float(f"{error.max() / np.sqrt(signal / error.size):.4g}"),
    }
