"""Who computes a product: chosen before anything is computed.

What no back end computes exactly is told here, in one sentence each.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fp8mac.hw.config.accumulators import AccumulatorConfig, FloatAccConfig, IntAccConfig
from fp8mac.hw.config.formats import Overflow, Rounding, TermCut
from fp8mac.hw.config.silicon.alignment import Products
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import has_numba
from fp8mac.sim.codes.inputs import InputError, whole
from fp8mac.sim.exact.codecs import REGISTERS, FixedPointCodec
from fp8mac.sim.gemm import aligned, exact_steps, fixed
from fp8mac.sim.gemm.carrier import Carrier, Plan, choose
from fp8mac.sim.gemm.kernels.fitting import shape_of

__all__ = ["BACKENDS", "GemmError", "Plan", "fitted", "integer", "plan"]

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


def plan(config: MacConfig, k: int, *, started: bool = False, backend: str = "auto") -> Plan:
    """Back end and carrier of a product, chosen before it is computed.

    Parameters
    ----------
    config : MacConfig
        The unit.
    k : int
        Length of the sums.
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
    >>> found = plan(parse_unit("e4m3", acc="kulisch"), 4096)
    >>> print(f"{found.backend} in {found.carrier}: {found.reason}")
    blas in float64: 53 bits hold 4096 products of limbs of 18 bits
    """
    k = integer(k, "k", 0)
    if backend not in BACKENDS:
        raise GemmError(f"There is no back end '{backend}'; there are {', '.join(BACKENDS)}.")
    if backend == "numba" and not has_numba():
        raise GemmError("The numba back end needs numba; install fp8mac[fast].")
    if backend == "golden":
        return Plan("golden", Carrier.INTEGERS, "definition")
    if backend in ("auto", "numba") and has_numba():
        shape = shape_of(config, k, started=started)
        if shape is not None:
            return Plan("numba", Carrier.FLOAT32 if shape.bits == 23 else Carrier.FLOAT64, "window")
    chunk = config.summation.chunk
    some = k if chunk is None else min(k, chunk)
    return _plan(_Query(fitted(config, k), some, started and chunk is None, backend, has_numba()))


@lru_cache(maxsize=256)
def _plan(query: "_Query") -> Plan:
    floats = isinstance(query.config.accumulator, FloatAccConfig)
    return _plan_float(query) if floats else _plan_fixed(query)


@lru_cache(maxsize=256)
def fitted(config: MacConfig, k: int) -> MacConfig:
    """Unit with no more lanes than it has products to add, but for trees, which add +0."""
    how = config.summation
    if not is_compiled(config) or how.deal is not None:
        return config
    most = max(1, k if how.chunk is None else min(k, how.chunk))
    if how.tree or how.lanes <= most:
        return config
    return replace(config, summation=replace(how, lanes=most))


def is_compiled(config: MacConfig) -> bool:
    """Whether kernels have this way of adding; the definition has all of them."""
    how = config.summation
    windows = (how.cut, how.exponents.normalised, how.exponents.of_zero)
    parts = how.groups, how.join, how.late, config.block
    return (
        windows == (TermCut.TRUNCATE, False, None)
        and (how.products == Products() or (how.tree and how.products.rounded))
        and all(part is None for part in parts)
        and all(map(_rounds, (config.accumulator, config.result.accumulator)))
    )


def _rounds(accumulator: AccumulatorConfig) -> bool:
    """Whether kernels round so."""
    if not isinstance(accumulator, FloatAccConfig):
        return True
    return accumulator.rounding is not Rounding.ODD


class _Query(NamedTuple):
    """What `plan` is asked, for one sum without chunks."""

    config: MacConfig
    k: int
    started: bool
    backend: str
    compiles: bool


def _plan_float(query: _Query) -> Plan:
    config, backend = query.config, query.backend
    if not is_compiled(config) and backend in ("auto", "numpy", "numba"):
        if backend != "numba" and aligned.fits(config):
            return Plan("numpy", Carrier.INT64, "aligned")
        if backend != "numba" and exact_steps.fits(config):
            return Plan("numpy", Carrier.FLOAT64, "steps")
        if backend != "auto":
            raise GemmError(f"The {backend} back end cannot compute {config.slug}.")
        return Plan("golden", Carrier.INTEGERS, "definition")
    if backend == "blas":
        raise GemmError(
            f"The blas back end adds without rounding, but {config.slug} rounds every sum."
        )
    chosen = "numpy" if backend == "numpy" or not query.compiles else "numba"
    found = choose(config, query.k, chosen, started=query.started)
    if _needs_native(config) and (found.reason != "native" or config.summation.chunk is not None):
        found = Plan("golden", Carrier.INTEGERS, "definition")
    if found.backend == "golden" and backend != "auto":
        raise GemmError(f"The {backend} back end cannot compute {config.slug}: {found.reason}.")
    return found


def _needs_native(config: MacConfig) -> bool:
    """Whether kernels have what a unit does as long as the processor's sums are the unit's."""
    both = config.accumulator, config.result.accumulator
    flushes = any(isinstance(acc, FloatAccConfig) and acc.flushes for acc in both)
    return flushes or config.summation.products.rounded


def _plan_fixed(query: _Query) -> Plan:
    config, k, backend = query.config, query.k, query.backend
    acc = config.accumulator
    if REGISTERS[type(acc)] is not FixedPointCodec:
        if backend != "auto":
            raise GemmError(f"The {backend} back end adds in two's complement, unlike {acc.name}.")
        return Plan("golden", Carrier.INTEGERS, "not two's complement")
    units = config.a.max_magnitude * config.b.max_magnitude
    saturates = isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE
    if saturates and (query.started or k * units >= 2 ** (config.acc_bits - 1)):
        if backend == "blas":
            raise GemmError(
                f"The blas back end cannot saturate, but a sum of {k} products in {acc.name} may."
            )
        if units * config.summation.lanes + 2 ** (config.acc_bits - 1) >= 2**63:
            return Plan("golden", Carrier.INTEGERS, "a step exceeds 64 bits")
        chosen = "numpy" if backend == "numpy" or not query.compiles else "numba"
        return Plan(chosen, Carrier.INT64, "saturates")
    kind, a_bits, b_bits, piece, _ = fixed.plan_limbs(config, min(k, fixed.LONGEST))
    bits = np.finfo(kind).nmant + 1
    limbs = f"{a_bits}" if a_bits == b_bits else f"{a_bits} and {b_bits}"
    reason = f"{bits} bits hold {piece} products of limbs of {limbs} bits"
    return Plan("blas", Carrier(np.dtype(kind).name), reason)
