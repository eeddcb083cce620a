"""Matrix products exactly as a unit computes them: every rounding, wrap, overflow, NaN and flag.

::

    c[i, j] = start[i, j] + a[i, 0]*b[0, j] + a[i, 1]*b[1, j] + ...     in this order, after every
                                                                        step in the accumulator

What every option means is defined, one element after the other, by `fp8mac.sim.gemm.definition`.
How the fast back ends get the same bits stands in `fp8mac.sim.gemm.carrier` (float accumulators)
and `fp8mac.sim.gemm.fixed` (integer and Kulisch accumulators).
"""

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.formats import Format, Overflow
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.codes.inputs import InputError, as_array, codes_of, noise_of
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm import fixed, floating, scalar
from fp8mac.sim.gemm.flags import raise_flags
from fp8mac.sim.gemm.plan import (
    BACKENDS,
    PLAIN,
    GemmError,
    Options,
    Plan,
    check,
    integer,
    outer_config,
    plan,
)
from fp8mac.sim.gemm.result import GemmResult, finish, reset, words
from fp8mac.sim.gemm.words import add

__all__ = ["BACKENDS", "GemmError", "GemmResult", "Options", "Plan", "gemm", "plan"]


@np.errstate(all="ignore")
def gemm(
    a: ArrayLike,
    b: ArrayLike,
    config: MacConfig,
    options: Options = PLAIN,
    *,
    start: GemmResult | None = None,
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
        The unit.
    options : Options
        How products are added.
    start : GemmResult, optional
        What the accumulators hold before, of shape (m, n); of the outer unit if there are chunks.
    random : array_like of int, shape (steps, m, n), optional
        Random numbers of stochastic rounding, instead of those that follow from the seed.
    backend : str
        One of `BACKENDS`. All give the same bits.
    threads : int
        Threads that share the rows; any number gives the same bits.

    Returns
    -------
    GemmResult
        Accumulators after the last product.

    Raises
    ------
    GemmError
        If shapes, codes or options do not fit, or a back end cannot compute it exactly.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("e4m3", acc="fp16")
    >>> gemm([[0x38, 0x40]], [[0x38], [0xC4]], unit).values  # 1 * 1 + 2 * -3
    array([[-5.]])
    """
    threads = integer(threads, "threads", 1)
    left, right = _operand(a, config.a, "a"), _operand(b, config.b, "b")
    if left.shape[1] != right.shape[0]:
        raise GemmError(
            f"A product of {_by(left.shape)} and {_by(right.shape)} codes does not exist: "
            f"{left.shape[1]} columns meet {right.shape[0]} rows."
        )
    check(config, options)
    outer, shape = outer_config(config, options), (left.shape[0], right.shape[1])
    if start is not None and (start.config != outer or start.flags.shape[:2] != shape):
        raise GemmError(
            f"The start is {_by(start.flags.shape)} accumulators of {start.config.slug}, not "
            f"{_by(shape)} of {outer.slug}."
        )
    given = None if random is None else _random(random, left.shape[1], shape, options)
    draws = Draws(options.random_bits, options.seed, shape[1], given=given)
    chunk = options.chunk
    started = start is not None and chunk is None
    if not options.tree:  # there are no more lanes than products
        most = max(1, left.shape[1] if chunk is None else min(chunk, left.shape[1]))
        options = replace(options, lanes=min(options.lanes, most))
    chosen = plan(config, left.shape[1], options, started=started, backend=backend)
    run = _Run(config, options, chosen, draws, threads)
    if chosen.choice is not None:
        return run.in_floats(left, right, outer, start)
    if chunk is None:
        return run.product(left, right, start)
    held = start or reset(outer, shape)
    for number, first in enumerate(range(0, left.shape[1], chunk)):
        piece = slice(first, first + chunk)
        steps = number * -(-chunk // options.lanes)
        inner = replace(run, draws=replace(draws, first=steps))
        partial = inner.product(left[:, piece], right[piece], None)
        held = run.add_partial(held, partial, -1 - number)
    return held


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


def _random(
    random: ArrayLike, k: int, shape: tuple[int, int], options: Options
) -> NDArray[np.int64]:
    if options.chunk is not None:
        raise GemmError("Random numbers can be given for one sum, not for chunks; use a seed.")
    wanted = (-(-k // options.lanes), *shape)
    try:
        given = as_array(random, "random")
        if given.shape == wanted:
            return noise_of(given, options.random_bits, wanted)
    except InputError as error:
        raise GemmError(str(error)) from None
    raise GemmError(
        f"Random numbers have the shape (steps, rows, columns) = {wanted}, not {given.shape}."
    )


@dataclass(frozen=True)
class _Run:
    """How the products of a matrix are computed."""

    config: MacConfig
    options: Options
    chosen: Plan
    draws: Draws
    threads: int

    def in_floats(
        self,
        left: NDArray[Any],
        right: NDArray[Any],
        outer: MacConfig,
        start: GemmResult | None,
    ) -> GemmResult:
        """Float accumulators, with or without chunks."""
        run = floating.Run(self.config, self.options, self.chosen, self.draws, self.threads)
        acc = run.multiply(left, right, None if start is None else start.acc)
        return finish(outer, acc, self._flags(left, right, start), self.chosen)

    def _flags(
        self, left: NDArray[Any], right: NDArray[Any], start: GemmResult | None
    ) -> NDArray[np.bool_]:
        raised = raise_flags(self.config, left, right)
        if start is not None:
            return start.flags | raised
        shape = left.shape[0], right.shape[1], len(self.config.flags)
        return np.zeros(shape, bool) if raised.ndim == 1 else raised

    def product(
        self, left: NDArray[Any], right: NDArray[Any], start: GemmResult | None
    ) -> GemmResult:
        """One sum for each element, in fixed point or by the definition."""
        config, shape = self.config, (left.shape[0], right.shape[1])
        if self.chosen.backend == "golden":
            held = start or reset(config, shape)
            return scalar.multiply((left, right), held, self.options, self.draws, self.chosen)
        flags = self._flags(left, right, start)
        if self.chosen.backend == "blas":
            before = None if start is None else words(start.acc)
            return finish(config, fixed.wrapping(config, left, right, before), flags, self.chosen)
        a, b = decode(left, config.a).astype(np.int64), decode(right, config.b).astype(np.int64)
        acc = self._saturated(a, b, start or reset(config, shape))
        return finish(config, acc, flags, self.chosen)

    def _saturated(
        self, a: NDArray[np.int64], b: NDArray[np.int64], start: GemmResult
    ) -> NDArray[Any]:
        """Patterns of integer accumulators that saturate."""
        bits = start.config.acc_bits
        acc = start.acc.astype(np.int64) << (64 - bits) >> (64 - bits)
        largest = 2 ** (bits - 1) - 1
        compiled = self.chosen.backend == "numba"
        kernels = import_module("fp8mac.sim.gemm.kernels.fixed_numba") if compiled else fixed
        lanes = self.options.lanes

        def work(rows: slice) -> None:
            kernels.saturate(acc, a, b, (rows.start, rows.stop, lanes), largest)

        floating.share(work, len(a), len(a), self.threads)
        return (acc & ((1 << bits) - 1)).astype(start.acc.dtype)

    def add_partial(self, held: GemmResult, partial: GemmResult, step: int) -> GemmResult:
        """Outer accumulators after partial sums were added to them."""
        if self.chosen.backend == "golden":
            return scalar.add_partial(self.draws, held, partial, step)
        config = held.config
        acc = add(
            (words(held.acc), config.acc_bits),
            (words(partial.acc), partial.config.acc_bits),
            saturates=getattr(config.accumulator, "overflow", None) is Overflow.SATURATE,
        )
        acc = acc.reshape(held.acc.shape).astype(held.acc.dtype)
        return finish(config, acc, held.flags | partial.flags, partial.plan)
