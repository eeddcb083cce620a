"""Several products of matrices of one shape in one call, as attention has them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.inputs import InputError, codes_of
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm.floating import Run
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.plan import GemmError, Plan, fitted, plan
from fp8mac.sim.gemm.result import GemmResult, finish, reset

__all__ = ["gemm_stack"]

_PIECE = 1 << 19  # operands that are numbers at a time
_WIDTH = 128  # of a kernel's panels
_ARRAYS = ("acc", "flags")

Array = NDArray[Any]


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
    run = None
    if _is_plain(config, chosen):
        run = Run(fitted(config, terms), chosen, Draws(seed, columns), threads)
        if count > 1 and left[0].size + right[0].size <= _PIECE:
            acc = run.multiply(left, right, None).reshape(-1, columns)
            return finish(config.result, acc, np.zeros((*acc.shape, 0), bool), chosen)

    def multiply(x: Array, y: Array, start: GemmResult | None, at: int) -> GemmResult:
        if run is None:
            return gemm(x, y, config, start=start, seed=seed + at, threads=threads)
        acc = run.multiply(x, y, None if start is None else start.acc)
        return finish(config.result, acc, np.zeros((*acc.shape, 0), bool), chosen)

    each = [
        _in_pieces(config, (x, y), partial(multiply, at=at))
        for at, (x, y) in enumerate(zip(left, right, strict=True))
    ]
    if len(each) == 1:
        return each[0]
    if not each:
        return reset(config.result, (0, columns), chosen)
    return _joined(each, 0)


def _in_pieces(
    config: MacConfig,
    sides: tuple[Array, Array],
    multiply: Callable[[Array, Array, GemmResult | None], GemmResult],
) -> GemmResult:
    """A product, in pieces whose numbers stay in a cache.

    Rows and columns are sums of their own; a sum goes on from where the piece before left it. What
    is stochastic depends on its place, and stays whole.
    """
    left, right = sides
    (rows, terms), columns = left.shape, right.shape[1]
    accumulators = config.accumulator, config.result.accumulator
    if any(getattr(each, "rounding", None) is Rounding.STOCHASTIC for each in accumulators):
        return multiply(left, right, None)
    most = max(1, _PIECE // max(1, terms) // _WIDTH) * _WIDTH
    if max(rows, columns) > 2 * most:
        if rows >= columns:
            return _joined([multiply(left[some], right, None) for some in _cut(rows, most)], 0)
        return _joined([multiply(left, right[:, some], None) for some in _cut(columns, most)], 1)
    most = max(1, _PIECE // max(1, rows, columns))
    goes_on = config.summation == Summation() and not isinstance(config.accumulator, IntAccConfig)
    if not goes_on or terms <= 2 * most:
        return multiply(left, right, None)
    held = None
    for some in _cut(terms, most):
        held = multiply(left[:, some], right[some], held)
    assert held is not None
    return held


def _cut(count: int, most: int) -> list[slice]:
    return [slice(first, first + most) for first in range(0, count, most)]


def _joined(each: list[GemmResult], axis: int) -> GemmResult:
    acc, flags = (np.concatenate([getattr(one, of) for one in each], axis) for of in _ARRAYS)
    return GemmResult(each[0].config, acc, flags, each[0].plan)


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
