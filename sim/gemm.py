"""Matrix products exactly as a unit computes them: every rounding, wrap, overflow, NaN and flag.

::

    c[i, j] = start[i, j] + a[i, 0]*b[0, j] + a[i, 1]*b[1, j] + ...     in this order, after every
                                                                        step in the accumulator

What every option means is defined, one element after the other, by `fp8mac.sim.gemm_golden`. How
the fast back ends get the same bits stands in `fp8mac.sim.carrier` (float accumulators) and
`fp8mac.sim.gemm_fixed` (integer and Kulisch accumulators).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config import FloatAccConfig, MacConfig
from fp8mac.hw.formats import FloatFormat, Format, Overflow, Rounding
from fp8mac.sim import gemm_fixed, gemm_golden, gemm_numpy, golden
from fp8mac.sim.carrier import Carrier
from fp8mac.sim.encoding import decode, encode, in_units
from fp8mac.sim.gemm_plan import (
    BACKENDS,
    PLAIN,
    GemmError,
    Options,
    Plan,
    check,
    outer_config,
    plan,
)
from fp8mac.sim.gemm_result import GemmResult, read, reset, store, words
from fp8mac.sim.golden import State
from fp8mac.sim.noise import Draws

__all__ = ["BACKENDS", "GemmError", "GemmResult", "Options", "Plan", "gemm", "plan"]

_ELEMENTS = 16384  # of the accumulators that numpy handles at a time


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
        Codes of ``config.a``.
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
    >>> from fp8mac.hw.config import parse_unit
    >>> unit = parse_unit("e4m3", acc="fp16")
    >>> gemm([[0x38, 0x40]], [[0x38], [0xC4]], unit).values  # 1 * 1 + 2 * -3
    array([[-5.]])
    """
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
    run = _Run(options, backend, threads, draws)
    held = start or reset(outer, shape)
    if options.chunk is None:
        return run.product(left, right, held, start is not None)
    for number, first in enumerate(range(0, left.shape[1], options.chunk)):
        piece = slice(first, first + options.chunk)
        steps = number * -(-options.chunk // options.lanes)
        inner = replace(run, draws=replace(draws, first=steps))
        partial = inner.product(left[:, piece], right[piece], reset(config, shape), False)
        held = run.add_partial(held, partial, -1 - number)
    return held


def _by(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _operand(codes: ArrayLike, format_: Format, name: str) -> NDArray[Any]:
    array = np.asarray(codes)
    if array.ndim != 2:
        raise GemmError(f"{name} is not a matrix, but an array of shape {array.shape}.")
    if not array.size:
        return array.astype(np.uint8)
    if array.dtype.kind not in "ui":
        raise GemmError(
            f"{name} holds {array.dtype} numbers, not codes of {format_.name}; encode them first."
        )
    if array.dtype.kind == "u" and 8 * array.dtype.itemsize <= format_.bits:
        return array
    for extreme in (int(array.min()), int(array.max())):
        if extreme >> format_.bits:
            raise GemmError(
                f"{name} holds {extreme}, but {format_.name} has the codes 0 to "
                f"{2**format_.bits - 1}."
            )
    return array


def _random(
    random: ArrayLike, k: int, shape: tuple[int, int], options: Options
) -> NDArray[np.int64]:
    if options.chunk is not None:
        raise GemmError("Random numbers can be given for one sum, not for chunks; use a seed.")
    given, wanted = np.asarray(random), (-(-k // options.lanes), *shape)
    if given.shape != wanted:
        raise GemmError(
            f"Random numbers have the shape (steps, rows, columns) = {wanted}, not {given.shape}."
        )
    numbers = given.astype(np.int64)
    if numbers.size and (numbers.min() < 0 or int(numbers.max()) >> options.random_bits):
        raise GemmError(
            f"Random numbers of {options.random_bits} bits are 0 to {2**options.random_bits - 1}."
        )
    return numbers


def _is_stochastic(config: MacConfig) -> bool:
    return getattr(config.accumulator, "rounding", None) is Rounding.STOCHASTIC


@dataclass(frozen=True)
class _Run:
    """How the products of a matrix are computed."""

    options: Options
    backend: str
    threads: int
    draws: Draws

    def product(
        self, left: NDArray[Any], right: NDArray[Any], start: GemmResult, started: bool
    ) -> GemmResult:
        """One sum for each element."""
        config, options = start.config, replace(self.options, chunk=None, outer=None)
        chosen = plan(config, left.shape[1], options, started=started, backend=self.backend)
        if chosen.backend == "golden":
            return self._golden(left, right, start, chosen)
        if chosen.backend == "blas":
            return _fixed(left, right, start, started, chosen)
        kind = np.float32 if chosen.carrier == Carrier.FLOAT32.value else np.float64
        a, b = decode(left, config.a, kind), decode(right, config.b, kind)
        a, b, raised = _without_flagged(config, a, b)
        flags = start.flags | raised
        if isinstance(config.accumulator, FloatAccConfig):
            acc = self._float(a, b, start if started else None, config, chosen)
        else:
            acc = self._saturated(a.astype(np.int64), b.astype(np.int64), start, chosen)
        return _result(config, acc, flags, chosen)

    def _share(self, work: Any, rows: int, most: int) -> None:
        """Call ``work`` with ranges of rows, on several threads."""
        size = max(1, min(most, -(-rows // max(1, self.threads))))
        parts = [slice(row, min(row + size, rows)) for row in range(0, rows, size)]
        if self.threads <= 1 or len(parts) == 1:
            for part in parts:
                work(part)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, parts))

    def _float(
        self,
        a: NDArray[Any],
        b: NDArray[Any],
        start: GemmResult | None,
        config: MacConfig,
        chosen: Plan,
    ) -> NDArray[Any]:
        """Codes of float accumulators."""
        accumulator = config.accumulator
        assert isinstance(accumulator, FloatAccConfig)
        carrier, native = Carrier(chosen.carrier), chosen.reason == "native"
        rounder = gemm_numpy.Rounder.of(accumulator, carrier, native)
        special = not (np.isfinite(a).all() and np.isfinite(b).all())
        acc = np.zeros((len(a), b.shape[1]), rounder.dtype)
        if start is not None:
            acc[:] = read(accumulator, start.acc)
            special |= not np.isfinite(acc).all()
        job = gemm_numpy.Job(
            rounder,
            checked=special or chosen.overflows,
            lanes=self.options.lanes,
            draws=self.draws if _is_stochastic(config) else None,
        )
        if self.options.align_bits is not None:
            job = replace(
                job,
                align_bits=self.options.align_bits,
                a_exponents=_exponents(config.a, a),
                b_exponents=_exponents(config.b, b),
                acc_emin=accumulator.format.emin,
            )
        compiled = chosen.backend == "numba" and not (job.draws and job.draws.given is not None)
        kernels = _numba() if compiled else gemm_numpy
        most = len(a) if compiled else _ELEMENTS // max(1, b.shape[1])
        self._share(lambda rows: kernels.accumulate(job, acc, a, b, rows), len(a), most)
        if native:
            codes = acc.view(np.uint32)
            codes[np.isnan(acc)] = accumulator.format.nan_code or 0
            return codes
        return encode(acc, accumulator.format, overflow=Overflow.TO_SPECIAL)

    def _saturated(
        self, a: NDArray[np.int64], b: NDArray[np.int64], start: GemmResult, chosen: Plan
    ) -> NDArray[Any]:
        """Patterns of integer accumulators that saturate."""
        bits = start.config.acc_bits
        acc = start.acc.astype(np.int64) << (64 - bits) >> (64 - bits)
        largest = 2 ** (bits - 1) - 1
        kernels = _numba() if chosen.backend == "numba" else gemm_fixed
        lanes = self.options.lanes

        def work(rows: slice) -> None:
            kernels.saturate(acc, a, b, (rows.start, rows.stop, lanes), largest)

        self._share(work, len(a), len(a))
        return (acc & ((1 << bits) - 1)).astype(start.acc.dtype)

    def _golden(
        self, left: NDArray[Any], right: NDArray[Any], start: GemmResult, chosen: Plan
    ) -> GemmResult:
        """Every element by the definition."""
        result = reset(start.config, start.flags.shape[:2], chosen)
        stochastic = _is_stochastic(start.config)
        for place in np.ndindex(*result.flags.shape[:2]):
            row, column = place

            def random(step: int, row: int = row, column: int = column) -> int:
                return int(self.draws.of(step, row, row + 1)[0, column])

            state = gemm_golden.dot(
                start.config,
                left[row].tolist(),
                right[:, column].tolist(),
                start.state(row, column),
                lanes=self.options.lanes,
                align_bits=self.options.align_bits,
                random=random if stochastic else None,
                random_bits=self.draws.bits,
            )
            store(result, place, state)
        return result

    def add_partial(self, held: GemmResult, partial: GemmResult, step: int) -> GemmResult:
        """Outer accumulators after partial sums were added to them."""
        assert partial.plan is not None
        if partial.plan.backend == "golden":
            return self._add_partial_golden(held, partial, step)
        config, accumulator = held.config, held.config.accumulator
        if isinstance(accumulator, FloatAccConfig):
            inner = partial.config.accumulator
            assert isinstance(inner, FloatAccConfig)
            rounder = gemm_numpy.Rounder.of(accumulator, Carrier.ODD, native=False)
            draws = self.draws if _is_stochastic(config) else None
            job = gemm_numpy.Job(rounder, checked=True, draws=draws)
            values = read(accumulator, held.acc)
            x = decode(partial.acc, inner.format)
            gemm_numpy.add_once(job, values, x, step, slice(0, len(x)))
            acc = encode(values, accumulator.format, overflow=Overflow.TO_SPECIAL)
        else:
            acc = gemm_fixed.add(
                (words(held.acc), config.acc_bits),
                (words(partial.acc), partial.config.acc_bits),
                saturates=getattr(accumulator, "overflow", None) is Overflow.SATURATE,
            )
            acc = acc.reshape(held.acc.shape).astype(held.acc.dtype)
        return _result(config, acc, held.flags | partial.flags, partial.plan)

    def _add_partial_golden(self, held: GemmResult, partial: GemmResult, step: int) -> GemmResult:
        shape = held.flags.shape[:2]
        result = reset(held.config, shape, partial.plan)
        stochastic = _is_stochastic(held.config)
        random = self.draws.of(step, 0, shape[0]) if stochastic else None
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
                    random_bits=self.draws.bits,
                )
            store(result, place, new)
        return result


def _numba() -> Any:
    """The compiled kernels, imported when they are needed: it takes a third of a second."""
    return import_module("fp8mac.sim.gemm_numba")


def _result(
    config: MacConfig, acc: NDArray[Any], flags: NDArray[np.bool_], chosen: Plan
) -> GemmResult:
    if flags.any():
        acc[flags.any(axis=-1)] = 0
    return GemmResult(config, acc, flags, chosen)


def _fixed(
    left: NDArray[Any], right: NDArray[Any], start: GemmResult, started: bool, chosen: Plan
) -> GemmResult:
    """Integer and Kulisch accumulators that wrap, or do not overflow."""
    config = start.config
    kind, _, _ = gemm_fixed.plan_limbs(config, left.shape[1])
    a, b = in_units(left, config.a, kind), in_units(right, config.b, kind)
    a, b, raised = _without_flagged(config, a, b)
    acc = gemm_fixed.wrapping(config, a, b, words(start.acc) if started else None)
    return _result(config, acc, start.flags | raised, chosen)


def _without_flagged(
    config: MacConfig, a: NDArray[Any], b: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    """Operands, 0 where they raise flags, and the flags of their sums, (m, n, flags) or (0,)."""
    none = np.zeros(len(config.flags), bool)
    if not config.flags or (np.isfinite(a).all() and np.isfinite(b).all()):
        return a, b, none
    raised = _raised(config, a, b)
    return np.where(np.isfinite(a), a, 0), np.where(np.isfinite(b), b, 0), raised


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


def _exponents(format_: Format, values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Exponents of numbers as a unit sees them; any for special values."""
    assert isinstance(format_, FloatFormat)
    exponents = np.frexp(np.where(np.isfinite(values), values, 1))[1] - 1
    return np.maximum(exponents, format_.emin).astype(np.int32)
