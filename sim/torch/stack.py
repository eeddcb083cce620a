"""Several products of matrices of one shape in one call, as attention has them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.inputs import InputError, codes_of
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm.floating import Run
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.plan import GemmError, Plan, fitted, plan
from fp8mac.sim.gemm.result import GemmResult, finish, reset

__all__ = ["gemm_stack"]


@np.errstate(all="ignore")
def gemm_stack(
    a: ArrayLike, b: ArrayLike, config: MacConfig, *, seed: int = 0, threads: int = 1
) -> GemmResult:
    """Products of g pairs of matrices, each as `gemm` computes it.

    Parameters
    ----------
    a, b : array_like of int, shapes (g, m, k) and (g, k, n)
        Codes of ``config.a`` and ``config.b``, see `gemm`.
    config : MacConfig
        The unit.
    seed : int
        Of the first product; each has the next one.
    threads : int
        Threads that share the rows; any number gives the same bits.

    Returns
    -------
    GemmResult
        Of shape (g m, n): the products below each other.

    Raises
    ------
    GemmError
        If shapes or codes do not fit.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("e4m3", acc="fp16")
    >>> gemm_stack([[[0x38]], [[0x40]]], [[[0x38, 0x40]]] * 2, unit).values
    array([[1., 2.],
           [2., 4.]])
    """
    left, right = _stack(a, config, "a"), _stack(b, config, "b")
    (count, _, terms), (others, met, columns) = left.shape, right.shape
    if count != others or terms != met:
        raise GemmError(f"Stacks of matrices of shapes {left.shape} and {right.shape} do not fit.")
    chosen = plan(config, terms)
    if count and _is_plain(config, chosen):
        run = Run(fitted(config, terms), chosen, Draws(seed, columns), threads)
        acc = run.multiply(left, right, None).reshape(-1, columns)
        return finish(config.result, acc, np.zeros((*acc.shape, 0), bool), chosen)
    each = [
        gemm(x, y, config, seed=seed + at, threads=threads)
        for at, (x, y) in enumerate(zip(left, right, strict=True))
    ]
    if not each:
        return reset(config.result, (0, columns), chosen)
    acc, flags = (np.concatenate([getattr(one, of) for one in each]) for of in ("acc", "flags"))
    return GemmResult(config.result, acc, flags, chosen)


def _is_plain(config: MacConfig, chosen: Plan) -> bool:
    """Whether one run has all products: a compiled way of adding floats, with nothing random."""
    accumulators = config.accumulator, config.result.accumulator
    return (
        chosen.backend in ("numpy", "numba")
        and chosen.reason not in ("aligned", "window")
        and not config.flags
        and all(
            isinstance(each, FloatAccConfig) and each.rounding is not Rounding.STOCHASTIC
            for each in accumulators
        )
    )


def _stack(codes: ArrayLike, config: MacConfig, name: str) -> NDArray[Any]:
    try:
        array = codes_of(codes, getattr(config, name), name)
    except InputError as error:
        raise GemmError(str(error)) from None
    if array.ndim != 3:
        raise GemmError(f"{name} is not a stack of matrices, but an array of shape {array.shape}.")
    return array
