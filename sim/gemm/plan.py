"""Options of a product, and who computes it: chosen before anything is computed.

Wrong options and what no back end computes exactly are told here, in one sentence each.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fp8mac.hw.config.accumulators import AccumulatorConfig, FloatAccConfig, IntAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import has_numba
from fp8mac.sim.codes.inputs import InputError, whole
from fp8mac.sim.gemm import fixed
from fp8mac.sim.gemm.carrier import Carrier, Choice, choose

__all__ = [
    "BACKENDS",
    "PLAIN",
    "GemmError",
    "Options",
    "Plan",
    "check",
    "integer",
    "outer_config",
    "plan",
]

_RANDOM_BITS = 26
_WIDEST_TREE = 1 << 16  # has as many levels as `fp8mac.sim.jit.tiles` has room for

BACKENDS = ("auto", "numpy", "numba", "blas", "golden")
"""Who computes: ``golden`` is the definition, and slow; ``blas`` is for fixed point only."""


class GemmError(InputError):
    """A product that cannot be computed; the message is one sentence for the user."""


def integer(value: Any, name: str, least: int | None = None) -> int:
    """An integer, at least as large as that.

    Raises
    ------
    GemmError
        If it is not.
    """
    try:
        number = whole(value, name)
    except InputError as error:
        raise GemmError(str(error)) from None
    if least is not None and number < least:
        raise GemmError(f"{name} is {least} or more, not {number}.")
    return number


@dataclass(frozen=True)
class Options:
    """How products are added, beyond what a unit's configuration says.

    Parameters
    ----------
    lanes : int
        Products that are added in one step, exactly, with one rounding.
    align_bits : int, optional
        Before a step adds, it truncates products and accumulator to a window of so many bits below
        the largest exponent among them, see `fp8mac.sim.gemm.definition.dot`.
    tree : bool
        The products of a step are added by a binary tree of adders, each of which rounds as the
        accumulator does, see `fp8mac.sim.gemm.definition.dot`.
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
    tree: bool = False
    chunk: int | None = None
    outer: AccumulatorConfig | None = None
    random_bits: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("lanes", "align_bits", "chunk", "random_bits", "seed"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, integer(value, name))


#: One product a step, one sum an element.
PLAIN = Options()


@dataclass(frozen=True)
class Plan:
    """Who computes a product, and why its bits are right.

    Parameters
    ----------
    backend : str
        One of `BACKENDS` but ``auto``.
    carrier : str
        Numbers that sums are held in; of float accumulators the value of a `Carrier`.
    reason : str
        Why they are exact, see `fp8mac.sim.gemm.carrier`.
    choice : Choice, optional
        What is known of the sums of a float accumulator.
    """

    backend: str
    carrier: str
    reason: str
    choice: Choice | None = field(default=None, repr=False)


def plan(
    config: MacConfig,
    k: int,
    options: Options = PLAIN,
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
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> plan(parse_unit("e4m3", acc="kulisch"), 4096)
    Plan(backend='blas', carrier='float64', reason='53 bits hold 4096 products of limbs of 18 bits')
    """
    check(config, options)
    k = integer(k, "k", 0)
    if backend not in BACKENDS:
        raise GemmError(f"There is no back end '{backend}'; there are {', '.join(BACKENDS)}.")
    if backend == "numba" and not has_numba():
        raise GemmError("The numba back end needs numba; install fp8mac[fast].")
    if backend == "golden":
        return Plan("golden", "integers", "definition")
    return _plan(_Query(config, min(k, options.chunk or k), options, started, backend, has_numba()))


@lru_cache(maxsize=256)
def _plan(query: "_Query") -> Plan:
    floats = isinstance(query.config.accumulator, FloatAccConfig)
    return _plan_float(query) if floats else _plan_fixed(query)


def outer_config(config: MacConfig, options: Options) -> MacConfig:
    """Unit whose accumulators hold the result."""
    return config if options.outer is None else replace(config, accumulator=options.outer)


@lru_cache(maxsize=256)
def check(config: MacConfig, options: Options) -> None:
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
    outer = outer_config(config, options)
    if outer.flags != config.flags:
        raise GemmError(
            f"Partial sums in {acc.name} cannot be added in {outer.accumulator.name}: only one of "
            "them holds NaN."
        )
    if options.align_bits is not None:
        floats = (isinstance(format_, FloatFormat) for format_ in (config.a, config.b))
        if not isinstance(acc, FloatAccConfig) or not all(floats):
            raise GemmError("Alignment is for float products in a float accumulator.")
        if options.align_bits < 1:
            raise GemmError("An alignment window has one bit or more.")
    if options.tree:
        _check_tree(acc, options)
    if not 0 <= options.random_bits <= _RANDOM_BITS:
        raise GemmError(
            f"Stochastic rounding takes 0 to {_RANDOM_BITS} random bits, not {options.random_bits}."
        )


def _check_tree(acc: AccumulatorConfig, options: Options) -> None:
    if not isinstance(acc, FloatAccConfig):
        raise GemmError(f"A tree of rounding adders is for float accumulators, not {acc.name}.")
    if not 2 <= options.lanes <= _WIDEST_TREE or options.lanes & (options.lanes - 1):
        raise GemmError(
            f"A tree of adders has 2, 4, 8, ... {_WIDEST_TREE} lanes, not {options.lanes}."
        )
    if options.align_bits is not None:
        raise GemmError("A window aligns all products of a step, but a tree adds them in pairs.")
    if acc.rounding is Rounding.STOCHASTIC:
        raise GemmError("A step draws one random number, but every adder of a tree needs one.")


class _Query(NamedTuple):
    """What `plan` is asked, for one sum without chunks."""

    config: MacConfig
    k: int
    options: Options
    started: bool
    backend: str
    compiles: bool


def _plan_float(query: _Query) -> Plan:
    config, options, backend = query.config, query.options, query.backend
    if backend == "blas":
        raise GemmError(
            f"The blas back end adds without rounding, but {config.slug} rounds every sum."
        )
    choice = choose(
        config,
        query.k,
        lanes=options.lanes,
        align_bits=options.align_bits,
        tree=options.tree,
        started=query.started,
        random_bits=options.random_bits,
    )
    if choice.carrier is Carrier.SCALAR:
        if backend != "auto":
            raise GemmError(
                f"The {backend} back end cannot compute {config.slug}: {choice.reason}."
            )
        return Plan("golden", choice.carrier.value, choice.reason)
    chosen = "numpy" if backend == "numpy" or not query.compiles else "numba"
    return Plan(chosen, choice.carrier.value, choice.reason, choice)


def _plan_fixed(query: _Query) -> Plan:
    config, k, backend = query.config, query.k, query.backend
    acc = config.accumulator
    units = config.a.max_magnitude * config.b.max_magnitude
    saturates = isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE
    if saturates and (query.started or k * units >= 2 ** (config.acc_bits - 1)):
        if backend == "blas":
            raise GemmError(
                f"The blas back end cannot saturate, but a sum of {k} products in {acc.name} may."
            )
        if units * query.options.lanes + 2 ** (config.acc_bits - 1) >= 2**63:
            return Plan("golden", "integers", "a step exceeds 64 bits")
        chosen = "numpy" if backend == "numpy" or not query.compiles else "numba"
        return Plan(chosen, "int64", "saturates")
    kind, a_bits, b_bits, piece, _ = fixed.plan_limbs(config, min(k, fixed.LONGEST))
    bits = np.finfo(kind).nmant + 1
    limbs = f"{a_bits}" if a_bits == b_bits else f"{a_bits} and {b_bits}"
    reason = f"{bits} bits hold {piece} products of limbs of {limbs} bits"
    return Plan("blas", np.dtype(kind).name, reason)
