"""Matrix products exactly as a unit computes them: every rounding, wrap, overflow, NaN and flag.

::

    c[i, j] = start[i, j] + a[i, 0]*b[0, j] + a[i, 1]*b[1, j] + ...     in this order, after every
                                                                        step in the accumulator

What every way of adding means is defined, one element after the other, by
`fp8mac.sim.gemm.definition`.
How the fast back ends get the same bits stands in `fp8mac.sim.gemm.carrier` (float accumulators)
and `fp8mac.sim.gemm.fixed` (integer and Kulisch accumulators).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.outputs.output import rescale_widths
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.codes.inputs import InputError, as_array, codes_of, noise_of
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm import aligned, compiled, exact_steps, fixed, floating, scalar
from fp8mac.sim.gemm.kernels.fitting import shape_of
from fp8mac.sim.gemm.plan import (
    BACKENDS,
    GemmError,
    Plan,
    fitted,
    integer,
    plan,
)
from fp8mac.sim.gemm.result import GemmResult, finish, raise_flags, reset, words
from fp8mac.sim.gemm.words import add

__all__ = ["BACKENDS", "GemmError", "GemmResult", "Plan", "gemm", "plan"]


@np.errstate(all="ignore")
def gemm(
    a: ArrayLike,
    b: ArrayLike,
    config: MacConfig,
    *,
    start: GemmResult | None = None,
    seed: int = 0,
    scales: tuple[ArrayLike, ArrayLike] | None = None,
    random: ArrayLike | None = None,
    backend: str = "auto",
    threads: int = 1,
) -> GemmResult:
    """Product of two matrices of codes, as a unit computes it that is cleared before each sum.

    Parameters
    ----------
    a : array_like of int, shape (m, k)
        Codes of ``config.a``. Numbers of a type of ``ml_dtypes`` or numpy that has this very format
        are taken by their bits; masked arrays are refused.
    b : array_like of int, shape (k, n)
        Codes of ``config.b``.
    config : MacConfig
        The unit; its summation says how products are added.
    start : GemmResult, optional
        What the accumulators of ``config.result`` hold before, of shape (m, n).
    seed : int
        Random numbers of stochastic rounding are a function of seed, step, row and column.
    scales : pair of array_like of int, shapes (m, k / size) and (k / size, n), optional
        Codes of the scales of blocks, where the unit's operands are blocks of ``size`` elements.
    random : array_like of int, shape (steps, m, n), optional
        The random numbers themselves, of as many bits as the accumulator takes.
    backend : str
        One of `BACKENDS`. All give the same bits.
    threads : int
        Threads that share the rows; any number gives the same bits.

    Returns
    -------
    GemmResult
        Accumulators of ``config.result`` after the last product.

    Raises
    ------
    GemmError
        If shapes or codes do not fit, or a back end cannot compute it exactly.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("e4m3", acc="fp16")
    >>> gemm([[0x38, 0x40]], [[0x38], [0xC4]], unit).values  # 1 * 1 + 2 * -3
    array([[-5.]])
    >>> chunked = parse_unit("e4m3", acc="fp16", summation="x 4, chunk 128 -> fp32")
    >>> gemm([[0x38] * 4096], [[0x38]] * 4096, chunked).values  # fp16 alone stops at 2048
    array([[4096.]])
    """
    threads = integer(threads, "threads", 1)
    if rescaled := rescale_widths(config.output, config.acc_bits):
        raise GemmError(
            f"Sums of {config.text} leave with a {' and a '.join(rescaled)} of their own, which a "
            "product of matrices has not; leave the output out."
        )
    left, right = _operand(a, config.a, "a"), _operand(b, config.b, "b")
    if left.shape[1] != right.shape[0]:
        raise GemmError(
            f"A product of {_by(left.shape)} and {_by(right.shape)} codes does not exist: "
            f"{left.shape[1]} columns meet {right.shape[0]} rows."
        )
    result, shape = config.result, (left.shape[0], right.shape[1])
    if start is not None and (start.config != result or start.flags.shape[:2] != shape):
        raise GemmError(
            f"The start is {_by(start.flags.shape)} accumulators of {start.config.slug}, not "
            f"{_by(shape)} of {result.slug}."
        )
    terms = left.shape[1]
    given = None if random is None else _random(random, terms, shape, config)
    draws = Draws(integer(seed, "seed"), shape[1], given)
    chosen = plan(config, terms, started=start is not None, backend=backend)
    unit = fitted(config, terms)
    blocks = _scales(scales, config, (left.shape, right.shape))
    if chosen.backend == "golden":
        return scalar.multiply(unit, (left, right), draws, chosen, start=start, scales=blocks)
    kernel = shape_of(unit, terms, started=start is not None)
    if (chosen.backend, chosen.reason) == ("numba", "window") and kernel is not None:
        run = compiled.AlignedRun(unit, kernel, draws, chosen, threads)
        return run.multiply((left, right), start, blocks)
    held = None if start is None else start.acc
    if chosen.reason == "aligned":
        acc = aligned.multiply(unit, (left, right), held, blocks)
        return finish(result, acc, np.zeros((*shape, 0), bool), chosen)
    if chosen.reason == "steps":
        acc = exact_steps.multiply(unit, (left, right), held, blocks)
        return finish(result, acc, np.zeros((*shape, 0), bool), chosen)
    if isinstance(config.accumulator, FloatAccConfig):
        run = floating.Run(unit, chosen, draws, threads)
        acc = run.multiply(left, right, held)
        return finish(result, acc, _flags(config, left, right, start), chosen)
    return _in_fixed_point(unit, (left, right), start, chosen, threads)


def _by(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _operand(codes: ArrayLike, format_: Format, name: str) -> NDArray[Any]:
    try:
        array = codes_of(codes, format_, name)
    except InputError as error:
        raise GemmError(str(error)) from None
    if array.ndim != 2:
        raise GemmError(f"{name} is not a matrix, but an array of shape {array.shape}.")
    return array


def _scales(
    scales: tuple[ArrayLike, ArrayLike] | None,
    config: MacConfig,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Codes of the scales of blocks, of shapes (m, blocks) and (blocks, n)."""
    if (scales is None) != (config.block is None):
        which = "needs" if scales is None else "has no"
        raise GemmError(f"{config.text} {which} scales of blocks.")
    if scales is None or config.block is None:
        return None
    (rows, terms), (_, columns) = shapes
    blocks, found = -(-terms // config.block.size), []
    for given, wanted, name in zip(scales, ((rows, blocks), (blocks, columns)), "ab", strict=True):
        try:
            array = as_array(given, f"scales of {name}")
        except InputError as error:
            raise GemmError(str(error)) from None
        if array.shape != wanted:
            raise GemmError(f"Scales of {name} have the shape {wanted}, not {array.shape}.")
        whole = array.dtype.kind in "iu"
        if not whole or (array.size and not 0 <= array.min() <= array.max() < 256):
            raise GemmError(f"Scales of {name} are codes from 0 to 255.")
        found.append(array.astype(np.uint8))
    return found[0], found[1]


def _random(
    random: ArrayLike, k: int, shape: tuple[int, int], config: MacConfig
) -> NDArray[np.int64]:
    if config.summation.chunk is not None:
        raise GemmError("Random numbers can be given for one sum, not for chunks; use a seed.")
    bits = getattr(config.accumulator, "random_bits", None)
    if bits is None:
        raise GemmError(f"{config.slug} takes no random numbers: it does not round stochastically.")
    wanted = (-(-k // config.summation.lanes), *shape)
    try:
        given = as_array(random, "random")
        if given.shape == wanted:
            return noise_of(given, bits, wanted)
    except InputError as error:
        raise GemmError(str(error)) from None
    raise GemmError(
        f"Random numbers have the shape (steps, rows, columns) = {wanted}, not {given.shape}."
    )


def _flags(
    config: MacConfig, left: NDArray[Any], right: NDArray[Any], start: GemmResult | None
) -> NDArray[np.bool_]:
    raised = raise_flags(config, left, right)
    if start is not None:
        return start.flags | raised
    shape = left.shape[0], right.shape[1], len(config.flags)
    return np.zeros(shape, bool) if raised.ndim == 1 else raised


def _in_fixed_point(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: GemmResult | None,
    chosen: Plan,
    threads: int,
) -> GemmResult:
    """Integer and Kulisch accumulators, with or without chunks."""
    left, right = codes
    chunk = config.summation.chunk
    if chunk is None:
        return _sum(config, codes, start, chosen, threads)
    held = start or reset(config.result, (left.shape[0], right.shape[1]), chosen)
    for first in range(0, left.shape[1], chunk):
        piece = slice(first, first + chunk)
        held = _promoted(held, _sum(config, (left[:, piece], right[piece]), None, chosen, threads))
    return held


def _sum(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: GemmResult | None,
    chosen: Plan,
    threads: int,
) -> GemmResult:
    """One sum for each element, without chunks."""
    left, right = codes
    unit, flags = config.plain, _flags(config, left, right, start)
    if chosen.backend == "blas":
        before = None if start is None else words(start.acc)
        return finish(unit, fixed.wrapping(unit, left, right, before), flags, chosen)
    held = start or reset(unit, (left.shape[0], right.shape[1]))
    return finish(unit, _saturated(config, codes, held, chosen, threads), flags, chosen)


def _saturated(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: GemmResult,
    chosen: Plan,
    threads: int,
) -> NDArray[Any]:
    """Patterns of integer accumulators that saturate."""
    bits, lanes = config.acc_bits, config.summation.lanes
    formats = config.a, config.b
    a, b = (decode(each, of).astype(np.int64) for each, of in zip(codes, formats, strict=True))
    acc = start.acc.astype(np.int64) << (64 - bits) >> (64 - bits)
    largest = 2 ** (bits - 1) - 1
    if chosen.backend == "numba":
        from fp8mac.sim.gemm.kernels.fixed_numba import saturate
    else:
        saturate = fixed.saturate

    def work(rows: slice) -> None:
        saturate(acc, a, b, (rows.start, rows.stop, lanes), largest)

    floating.share(work, len(a), len(a), threads)
    return (acc & ((1 << bits) - 1)).astype(start.acc.dtype)


def _promoted(held: GemmResult, partial: GemmResult) -> GemmResult:
    """Outer accumulators after partial sums were added to them."""
    config = held.config
    acc = add(
        (words(held.acc), config.acc_bits),
        (words(partial.acc), partial.config.acc_bits),
        saturates=config.saturates,
    )
    acc = acc.reshape(held.acc.shape).astype(held.acc.dtype)
    return finish(config, acc, held.flags | partial.flags, partial.plan)
