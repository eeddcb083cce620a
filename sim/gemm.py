"""Matrix products exactly as a unit computes them: every rounding, wrap, overflow, NaN and flag.

::

    c[i, j] = start[i, j] + a[i, 0]*b[0, j] + a[i, 1]*b[1, j] + ...     in this order, after every
                                                                        step in the accumulator

What every option means is defined, one element after the other, by `fp8mac.sim.gemm_golden`. How
the fast back ends get the same bits stands in `fp8mac.sim.carrier` (float accumulators) and
`fp8mac.sim.gemm_fixed` (integer and Kulisch accumulators).
"""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config import AccumulatorConfig, FloatAccConfig, IntAccConfig, MacConfig
from fp8mac.hw.formats import FloatFormat, Format, Overflow, Rounding
from fp8mac.sim import gemm_fixed, gemm_golden, gemm_numpy, golden
from fp8mac.sim.carrier import Carrier, Choice, choose
from fp8mac.sim.encoding import code_dtype, decode, encode
from fp8mac.sim.golden import State
from fp8mac.sim.noise import noise, step_key

__all__ = ["BACKENDS", "GemmError", "GemmResult", "Options", "Plan", "gemm", "plan"]

BACKENDS = ("auto", "numpy", "numba", "blas", "golden")
"""Who computes: ``golden`` is the definition, and slow; ``blas`` is for fixed point only."""


class GemmError(ValueError):
    """A product that cannot be computed; the message is one sentence for the user."""


@dataclass(frozen=True)
class Options:
    """How products are added, beyond what a unit's configuration says.

    Parameters
    ----------
    lanes : int
        Products that are added in one step, exactly, with one rounding.
    align_bits : int, optional
        Before a step adds, it truncates products and accumulator to a window of so many bits below
        the largest exponent among them, see `fp8mac.sim.gemm_golden.dot`.
    chunk : int, optional
        Products in a partial sum; each partial sum starts from zero and is then added to an outer
        accumulator.
    outer : AccumulatorConfig, optional
        That accumulator; default as the unit's.
    random_bits : int
        Width of the random numbers of stochastic rounding.
    seed : int
        They are a function of seed, step, row and column.
    """

    lanes: int = 1
    align_bits: int | None = None
    chunk: int | None = None
    outer: AccumulatorConfig | None = None
    random_bits: int = 8
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """Who computes a product, and why its bits are right.

    Parameters
    ----------
    backend : str
        One of `BACKENDS` but ``auto``.
    carrier : str
        Numbers that sums are held in.
    reason : str
        Why they are exact.
    """

    backend: str
    carrier: str
    reason: str


@dataclass(frozen=True, eq=False)
class GemmResult:
    """Accumulators after a product.

    Parameters
    ----------
    config : MacConfig
        Unit whose accumulators they are.
    acc : ndarray of uint8, uint16, uint32 or uint64, shape (m, n)
        Patterns, see `fp8mac.sim.golden.State`; 0 where a flag is raised. Beyond 64 bits, of shape
        (m, n, words), least significant first.
    flags : ndarray of bool, shape (m, n, len(config.flags))
        In the order of ``config.flags``.
    plan : Plan
        Who has computed them.
    """

    config: MacConfig
    acc: NDArray[Any]
    flags: NDArray[np.bool_]
    plan: Plan

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Values, shape (m, n): exact, but of fixed point wider than 53 bits the nearest float64.

        NaN and infinities where flags say so.
        """
        accumulator = self.config.accumulator
        if isinstance(accumulator, FloatAccConfig):
            values = decode(self.acc, accumulator.format)
        else:
            lsb = self.config.product_lsb_exponent
            values = gemm_fixed.to_float(_words(self.acc), self.config.acc_bits, lsb)
        if self.config.flags == ("nan",):
            values[self.flags[..., 0]] = np.nan
        elif self.config.flags:
            positive, negative = self.flags[..., 0], self.flags[..., 1]
            values[positive], values[negative] = np.inf, -np.inf
            values[positive & negative] = np.nan
        return values

    def state(self, row: int, column: int) -> State:
        """One accumulator as the golden model writes it."""
        flags = tuple(self.flags[row, column].tolist())
        if True in flags:
            return State(None, flags)
        words = np.atleast_1d(self.acc[row, column]).tolist()
        return State(sum(word << 64 * place for place, word in enumerate(words)), flags)


def plan(
    config: MacConfig,
    k: int,
    options: Options = Options(),
    *,
    started: bool = False,
    backend: str = "auto",
) -> Plan:
    """Back end and carrier of a product, chosen before it is computed.

    Parameters
    ----------
    config : MacConfig
        The unit.
    k : int
        Length of the sums.
    options : Options
        How products are added.
    started : bool
        Whether accumulators hold something at first.
    backend : str
        One of `BACKENDS`.

    Raises
    ------
    GemmError
        If there is no such back end, or it cannot compute this exactly.

    Examples
    --------
    >>> from fp8mac.hw.config import parse_unit
    >>> plan(parse_unit("e4m3", acc="kulisch"), 4096)
    Plan(backend='blas', carrier='float64', reason='53 bits hold 4096 products of limbs of 18 bits')
    """
    _check_options(config, options)
    return _plan(config, k, options, started, backend)[0]


def gemm(
    a: ArrayLike,
    b: ArrayLike,
    config: MacConfig,
    options: Options = Options(),
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
        What the accumulators hold before; of shape (m, n) and of the same unit.
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
            f"The shapes {left.shape} and {right.shape} do not fit: a has {left.shape[1]} columns "
            f"and b has {right.shape[0]} rows."
        )
    _check_options(config, options)
    outer = _outer(config, options)
    shape = left.shape[0], right.shape[1]
    if start is not None and (start.config != outer or start.flags.shape[:2] != shape):
        raise GemmError(
            f"The start is {_by(start.flags.shape)} accumulators of {start.config.slug}, not "
            f"{_by(shape)} of {outer.slug}."
        )
    steps = -(-left.shape[1] // options.lanes)
    draw = _Noise(config, options, (steps, *shape), random)
    held = start if start is not None else _reset(outer, shape)
    if options.chunk is None:
        return _product(left, right, options, held, start is not None, draw, backend, threads)
    for number, first in enumerate(range(0, left.shape[1], options.chunk)):
        piece = slice(first, first + options.chunk)
        partial = _product(
            left[:, piece],
            right[piece],
            options,
            _reset(config, shape),
            False,
            draw.after(number * -(-options.chunk // options.lanes)),
            backend,
            threads,
        )
        held = _add_partial(held, partial, draw, -1 - number)
    return held


def _by(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _operand(codes: ArrayLike, format_: Format, name: str) -> NDArray[Any]:
    array = np.asarray(codes)
    if array.ndim != 2:
        raise GemmError(f"{name} is a matrix, not an array of shape {array.shape}.")
    if array.dtype.kind not in "ui" and array.size:
        raise GemmError(
            f"{name} holds {array.dtype} numbers, not codes of {format_.name}; encode them first."
        )
    array = array.astype(np.int64) if array.dtype.kind not in "ui" else array
    if array.size and (int(array.min()) < 0 or int(array.max()) >> format_.bits):
        worst = array.min() if int(array.min()) < 0 else array.max()
        raise GemmError(
            f"{name} holds {worst}, but {format_.name} has the codes 0 to {2**format_.bits - 1}."
        )
    return array


def _outer(config: MacConfig, options: Options) -> MacConfig:
    return replace(config, accumulator=options.outer or config.accumulator)


def _check_options(config: MacConfig, options: Options) -> None:
    """Say what does not fit."""
    acc = config.accumulator
    if options.lanes < 1 or (options.chunk is not None and options.chunk < 1):
        raise GemmError("Lanes and chunks are of one product or more.")
    if options.outer is not None and options.chunk is None:
        raise GemmError("There is an outer accumulator, but no chunk says when to add to it.")
    if options.outer is not None and type(options.outer) is not type(acc):
        raise GemmError(
            f"Partial sums in {acc.name} cannot be added in {options.outer.name}: both are to be "
            "float, both integer or both Kulisch."
        )
    if _outer(config, options).flags != config.flags:
        raise GemmError(
            f"Partial sums in {acc.name} cannot be added in {_outer(config, options).accumulator.name}: "
            "only one of them holds NaN."
        )
    if options.align_bits is not None:
        floats = (isinstance(format_, FloatFormat) for format_ in (config.a, config.b))
        if not isinstance(acc, FloatAccConfig) or not all(floats):
            raise GemmError("Alignment is for float products in a float accumulator.")
        if options.align_bits < 1:
            raise GemmError("An alignment window has one bit or more.")
    most = 28
    if not 0 <= options.random_bits <= most:
        raise GemmError(
            f"Stochastic rounding takes 0 to {most} random bits, not {options.random_bits}."
        )


class _Noise:
    """Random numbers of the steps of a product; none unless it rounds stochastically."""

    def __init__(
        self,
        config: MacConfig,
        options: Options,
        shape: tuple[int, int, int],
        random: ArrayLike | None,
    ) -> None:
        self._options, self._shape, self._first = options, shape, 0
        self.bits = options.random_bits
        self._given = None if random is None else np.asarray(random)
        if self._given is None:
            return
        if options.chunk is not None:
            raise GemmError("Random numbers can be given for one sum, not for chunks; use a seed.")
        if self._given.shape != shape:
            raise GemmError(
                f"Random numbers are of shape {shape} (steps, rows, columns), not "
                f"{self._given.shape}."
            )
        if self._given.size and (
            self._given.min() < 0 or int(self._given.max()) >> options.random_bits
        ):
            raise GemmError(f"Random numbers of {self.bits} bits are 0 to {2**self.bits - 1}.")

    def after(self, first: int) -> "_Noise":
        """The same, with steps counted from ``first``."""
        other = copy(self)
        other._first = first
        return other

    def key(self, step: int) -> int:
        """What decides, with the place, on a random number."""
        return step_key(self._options.seed, self._first + step)

    @property
    def given(self) -> NDArray[Any] | None:
        """Random numbers that the caller gave."""
        return self._given

    def of(self, step: int, rows: slice = slice(None)) -> NDArray[np.int64]:
        """Random numbers of a step in some rows."""
        if self._given is not None:
            return self._given[step, rows].astype(np.int64)
        _, m, n = self._shape
        first, last, _ = rows.indices(m)
        places = np.arange(first * n, last * n).reshape(last - first, n)
        return noise(self.key(step), places, self.bits)


def _reset(config: MacConfig, shape: tuple[int, int]) -> GemmResult:
    words = -(-config.acc_bits // 64)
    dtype = code_dtype(min(config.acc_bits, 64))
    acc = np.zeros(shape if words == 1 else (*shape, words), dtype)
    flags = np.zeros((*shape, len(config.flags)), bool)
    return GemmResult(config, acc, flags, Plan("", "", ""))


def _plan(
    config: MacConfig, k: int, options: Options, started: bool, backend: str
) -> tuple[Plan, Choice | None]:
    if backend not in BACKENDS:
        raise GemmError(f"There is no back end '{backend}'; there are {', '.join(BACKENDS)}.")
    k = min(k, options.chunk or k)
    if backend == "golden":
        return Plan("golden", "integers", "the definition"), None
    if isinstance(config.accumulator, FloatAccConfig):
        return _plan_float(config, k, options, started, backend)
    return _plan_fixed(config, k, options, started, backend), None


def _plan_float(
    config: MacConfig, k: int, options: Options, started: bool, backend: str
) -> tuple[Plan, Choice]:
    choice = choose(
        config,
        k,
        lanes=options.lanes,
        align_bits=options.align_bits,
        started=started,
        random_bits=options.random_bits,
    )
    if backend == "blas":
        raise GemmError(
            f"The blas back end adds without rounding, {config.slug} rounds after every step."
        )
    if choice.carrier is Carrier.SCALAR:
        if backend != "auto":
            raise GemmError(
                f"The {backend} back end cannot compute {config.slug}: {choice.reason}."
            )
        return Plan("golden", choice.carrier.value, choice.reason), choice
    return Plan("numpy", choice.carrier.value, choice.reason), choice


def _plan_fixed(config: MacConfig, k: int, options: Options, started: bool, backend: str) -> Plan:
    acc = config.accumulator
    units = config.a.max_magnitude * config.b.max_magnitude
    if isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE:
        if started or k * units >= 2 ** (acc.bits - 1):
            if backend == "blas":
                raise GemmError(
                    f"The blas back end cannot saturate, and a sum of {k} products of "
                    f"{config.slug} may."
                )
            if units * options.lanes + 2 ** (acc.bits - 1) < 2**63:
                return Plan("numpy", "int64", "saturates at every step")
            return Plan("golden", "integers", "a step exceeds 64 bits")
    if k > gemm_fixed.LONGEST:
        raise GemmError(
            f"A sum of {k} products exceeds the exact range of the blas back end, "
            f"{gemm_fixed.LONGEST} products."
        )
    kind, limb_bits, piece = gemm_fixed.plan_limbs(config, k)
    bits = np.finfo(kind).nmant + 1
    reason = f"{bits} bits hold {piece} products of limbs of {limb_bits} bits"
    return Plan("blas", np.dtype(kind).name, reason)


def _product(
    left: NDArray[Any],
    right: NDArray[Any],
    options: Options,
    start: GemmResult,
    started: bool,
    draw: _Noise,
    backend: str,
    threads: int,
) -> GemmResult:
    """One sum for each element, from ``start``."""
    config = start.config
    chosen, choice = _plan(config, left.shape[1], options, started, backend)
    if chosen.backend == "golden":
        return _golden(left, right, options, start, draw, chosen)
    a, b = decode(left, config.a), decode(right, config.b)
    flags = start.flags
    special = not (np.isfinite(a).all() and np.isfinite(b).all())
    if special and config.flags:
        flags = flags | _raised(config, a, b)
        a, b = (np.where(np.isfinite(values), values, 0) for values in (a, b))
        special = False
    if choice is not None:
        acc = _float(a, b, options, start, special, draw, choice, threads)
    elif chosen.backend == "blas":
        words = gemm_fixed.wrapping(config, a, b, _words(start.acc) if started else None)
        acc = words.reshape(start.acc.shape).astype(start.acc.dtype)
    else:
        unused = 64 - config.acc_bits
        held = (start.acc.astype(np.int64) << unused) >> unused
        gemm_fixed.saturating(config, a.astype(np.int64), b.astype(np.int64), held, options.lanes)
        acc = (held & ((1 << config.acc_bits) - 1)).astype(start.acc.dtype)
    if flags.size:
        acc[flags.any(axis=-1)] = 0
    return GemmResult(config, acc, flags, chosen)


def _float(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    options: Options,
    start: GemmResult,
    special: bool,
    draw: _Noise,
    choice: Choice,
    threads: int,
) -> NDArray[Any]:
    """Codes of float accumulators."""
    config, accumulator = start.config, start.config.accumulator
    assert isinstance(accumulator, FloatAccConfig)
    rounder = gemm_numpy.Rounder.of(accumulator, choice.carrier, choice.reason == "native")
    job = gemm_numpy.Job(rounder, special or choice.overflows, options.lanes)
    if options.align_bits is not None:
        job = replace(
            job,
            align_bits=options.align_bits,
            a_exponents=_exponents(config.a, a),
            b_exponents=_exponents(config.b, b),
            acc_emin=accumulator.format.emin,
        )
    if accumulator.rounding is Rounding.STOCHASTIC:
        job = replace(job, noise=draw.of, random_bits=draw.bits)
    acc = _read(accumulator, start.acc).astype(rounder.dtype)
    a, b = a.astype(rounder.dtype), np.ascontiguousarray(b.astype(rounder.dtype))
    rows = max(1, 16384 // max(1, acc.shape[1]))
    with ThreadPoolExecutor(max(1, threads)) as pool:
        work = [slice(row, row + rows) for row in range(0, acc.shape[0], rows)]
        list(pool.map(lambda part: gemm_numpy.accumulate(job, acc, a, b, part), work))
    if config.flags:
        acc[np.isnan(acc)] = 0
    return encode(acc, accumulator.format, overflow=Overflow.TO_SPECIAL)


def _read(accumulator: FloatAccConfig, codes: NDArray[Any]) -> NDArray[np.float64]:
    """Values of accumulators as the next step reads them."""
    values = decode(codes, accumulator.format)
    if not accumulator.subnormals:
        values[np.abs(values) < float(accumulator.format.min_normal)] *= 0
    return values


def _exponents(format_: Format, values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Exponents of numbers as a unit sees them; any for special values."""
    assert isinstance(format_, FloatFormat)
    exponents = np.frexp(np.where(np.isfinite(values), values, 1))[1] - 1
    return np.maximum(exponents, format_.emin).astype(np.int32)


def _raised(config: MacConfig, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Flags that some product raises, shape (m, n, flags)."""
    nan = np.isnan(a).any(axis=1)[:, None] | np.isnan(b).any(axis=0)
    if config.flags == ("nan",):
        return nan[..., None]

    def meet(left: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return left.astype(np.float32) @ right.astype(np.float32) > 0

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


def _golden(
    left: NDArray[Any],
    right: NDArray[Any],
    options: Options,
    start: GemmResult,
    draw: _Noise,
    chosen: Plan,
) -> GemmResult:
    """Every element by the definition."""
    result = replace(_reset(start.config, start.flags.shape[:2]), plan=chosen)
    stochastic = getattr(start.config.accumulator, "rounding", None) is Rounding.STOCHASTIC
    for place in np.ndindex(*result.flags.shape[:2]):
        row, column = place

        def random(step: int, row: int = row, column: int = column) -> int:
            return int(draw.of(step, slice(row, row + 1))[0, column])

        state = gemm_golden.dot(
            start.config,
            left[row].tolist(),
            right[:, column].tolist(),
            start.state(row, column),
            lanes=options.lanes,
            align_bits=options.align_bits,
            random=random if stochastic else None,
            random_bits=draw.bits,
        )
        _store(result, place, state)
    return result


def _store(result: GemmResult, place: tuple[int, ...], state: State) -> None:
    words = result.acc.reshape(*result.flags.shape[:2], -1)
    for word in range(words.shape[-1]):
        words[(*place, word)] = (state.acc or 0) >> 64 * word & (1 << 64) - 1
    result.flags[place] = state.flags


def _add_partial(held: GemmResult, partial: GemmResult, draw: _Noise, step: int) -> GemmResult:
    """Outer accumulators after partial sums were added to them."""
    config, accumulator = held.config, held.config.accumulator
    if partial.plan.backend == "golden":
        return _add_partial_golden(held, partial, draw, step)
    flags = held.flags | partial.flags
    if isinstance(accumulator, FloatAccConfig):
        inner = partial.config.accumulator
        assert isinstance(inner, FloatAccConfig)
        rounder = gemm_numpy.Rounder.of(accumulator, Carrier.ODD, native=False)
        stochastic = accumulator.rounding is Rounding.STOCHASTIC
        job = gemm_numpy.Job(rounder, checked=True, random_bits=draw.bits)
        values = _read(accumulator, held.acc)
        x = decode(partial.acc, inner.format)
        gemm_numpy.add_once(job, values, x, draw.of(step) if stochastic else None)
        values[flags.any(axis=-1)] = 0
        acc = encode(values, accumulator.format, overflow=Overflow.TO_SPECIAL)
    else:
        acc = gemm_fixed.add(
            (_words(held.acc), config.acc_bits),
            (_words(partial.acc), partial.config.acc_bits),
            saturates=getattr(accumulator, "overflow", None) is Overflow.SATURATE,
        )
        acc = acc.reshape(held.acc.shape).astype(held.acc.dtype)
        acc[flags.any(axis=-1)] = 0
    return GemmResult(config, acc, flags, partial.plan)


def _words(acc: NDArray[Any]) -> gemm_fixed.Words:
    """Patterns as words, shape (m, n, words)."""
    return acc.astype(np.uint64).reshape(*acc.shape[:2], -1)


def _add_partial_golden(
    held: GemmResult, partial: GemmResult, draw: _Noise, step: int
) -> GemmResult:
    outer = held.config
    stochastic = getattr(outer.accumulator, "rounding", None) is Rounding.STOCHASTIC
    random = draw.of(step) if stochastic else None
    result = replace(_reset(outer, held.flags.shape[:2]), plan=partial.plan)
    for place in np.ndindex(*held.flags.shape[:2]):
        inner, before = partial.state(*place), held.state(*place)
        flags = tuple(x or y for x, y in zip(before.flags, inner.flags, strict=True))
        new = State(None, flags)
        if True not in flags:
            new = golden.add_products(
                outer,
                before.acc or 0,
                [golden.read(partial.config, inner.acc or 0)],
                random=None if random is None else int(random[place]),
                random_bits=draw.bits,
            )
        _store(result, place, new)
    return result
