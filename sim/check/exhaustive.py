"""Every state of a core: all pairs of operands with all accumulators, on its mapped netlist.

What a core should answer depends on the product only, and far fewer products than pairs are
different. The golden model answers once for each of them, for all accumulators; the netlist then
answers for every pair::

    product --golden model--> 65,536 results --+
       |                                       +--> compare
    all pairs with that product --netlist------+
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.cosim import Mismatch, check_core
from fp8mac.sim.check.kernel import (
    CompiledKernel,
    CompilerError,
    Kernel,
    NumpyKernel,
    accumulators,
    find_compiler,
)
from fp8mac.sim.check.netlist import Netlist, pack
from fp8mac.sim.check.stimuli import Triples, biased_triples
from fp8mac.sim.codes.numbers import legal_codes
from fp8mac.sim.exact import golden, golden_numpy
from fp8mac.sim.exact.codecs import decode
from fp8mac.sim.exact.golden_numpy import Numbers
from fp8mac.sim.exact.values import Value, multiply

__all__ = ["ExhaustiveResult", "SelfTestError", "check_all", "states"]

_Pair = tuple[int, int]
_State = tuple[int, int, int]

_LISTED = 10
_SELF_TEST = 200_000
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class SelfTestError(Error, RuntimeError):
    """Two models that should be the same differ, so that nothing can be said of a netlist."""


@dataclass(frozen=True)
class ExhaustiveResult:
    """What came of checking every state.

    Parameters
    ----------
    states : int
        States checked: all there are.
    wrong : int
        States in which the netlist differs from the golden model.
    mismatches : tuple of Mismatch
        The first of them, up to ten.
    compiled : bool
        Whether the netlist was compiled, and not evaluated by numpy.
    seconds : float
        Time it took.
    """

    states: int
    wrong: int
    mismatches: tuple[Mismatch, ...]
    compiled: bool
    seconds: float


def states(config: MacConfig) -> int:
    """Number of (a, b, acc) that a core can be given.

    Raises
    ------
    ConfigError
        If they are too many to check, or not those of a float accumulator.
    """
    acc = config.accumulator
    if config.block is not None:
        raise ConfigError(f"Exhaustive checking has no scales, which {config.text} takes.")
    bits = config.a.bits + config.b.bits + config.acc_bits
    if not isinstance(acc, FloatAccConfig) or acc.format.bits > 16 or bits > 32:
        raise ConfigError(
            "Exhaustive checking is for float accumulators of at most 16 bits and for at most "
            f"2**32 states; {config.slug} has 2**{bits} states; use `fp8mac prove`."
        )
    if acc.rounding is Rounding.STOCHASTIC:
        raise ConfigError(
            f"Exhaustive checking has no random numbers, which {config.text} takes; use "
            "`fp8mac prove`."
        )
    return len(legal_codes(config.a)) * len(legal_codes(config.b)) << acc.format.bits


def check_all(
    config: MacConfig,
    netlist: Netlist,
    *,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
    slow: bool = False,
) -> ExhaustiveResult:
    """Check every state of a core. NaN operands and NaN accumulators are states like others.

    The golden model on arrays is compared with the scalar one first.

    Parameters
    ----------
    netlist : Netlist
        With the `ports` of a core.
    progress : callable, optional
        Called with the number of states checked so far, and of all.
    threads : int, optional
        Default one for each processor.
    slow : bool
        Use numpy where there is no C compiler.

    Raises
    ------
    ConfigError
        If the unit is not one for `states`.
    CompilerError
        If there is no C compiler and ``slow`` is False, or the compiler fails.
    SelfTestError
        If the two golden models differ.
    """
    start = time.monotonic()
    total = states(config)
    groups = _pairs_by_product(config)
    core = _Core(config, netlist)
    if not core.compiled and not slow:
        raise CompilerError(
            "There is no C compiler (cc, gcc, clang, or what CC names), and numpy takes "
            f"{_in_words(core.estimate(groups))} for the {total:,} states of {config.slug}; "
            "install one, or ask for numpy with --slow."
        )
    _self_test(config, groups)
    done = wrong = 0
    found: list[_State] = []
    with ThreadPoolExecutor((threads or os.cpu_count()) if core.compiled else 1) as pool:
        for checked, count, first in pool.map(core.check, groups, groups.values()):
            done, wrong = done + checked, wrong + count
            found += first[: _LISTED - len(found)]
            if progress:
                progress(done, total)
    assert done == total
    mismatches = _replay(config, netlist, found)
    return ExhaustiveResult(done, wrong, mismatches, core.compiled, time.monotonic() - start)


class _Core:
    """A netlist and the results it should have, one product at a time."""

    def __init__(self, config: MacConfig, netlist: Netlist) -> None:
        acc = config.accumulator
        assert isinstance(acc, FloatAccConfig)
        self._config, self._acc = config, acc
        self._codes = accumulators(acc.format.bits)
        self._decoded = golden_numpy.decode(acc.format, self._codes, acc.subnormals)
        table = ports(config, Shape.CORE)
        compiler = find_compiler()
        self.compiled = compiler is not None
        self._kernel: Kernel = (
            CompiledKernel(netlist, table, compiler) if compiler else NumpyKernel(netlist, table)
        )

    def check(self, product: Value, pairs: list[_Pair]) -> tuple[int, int, list[_State]]:
        """Number of states with a product, how many of them are wrong, and the first of those."""
        lanes, codes = len(self._codes), 1 << self._acc.format.bits
        sums = golden_numpy.add_rounded(self._acc, self._decoded, Numbers.of([product]))
        answer = golden.mac(self._config, *pairs[0], 0)
        flags = np.repeat(np.array(answer.flags, np.uint64)[:, None] * _ONES, lanes // 64, axis=1)
        want = np.concatenate([pack(sums, self._acc.format.bits), flags])
        care = np.full(len(want), _ONES)
        if answer.acc is None:
            care[: self._acc.format.bits] = 0
        a, b = np.array(pairs, np.uint32).T
        wrong = self._kernel(a, b, want, care)
        # An accumulator with few codes has each of them in several lanes.
        first = [(*pairs[index], lane) for index, lane in wrong.first if lane < codes]
        return len(pairs) * codes, wrong.total * codes // lanes, first

    def estimate(self, groups: dict[Value, list[_Pair]]) -> float:
        """Seconds that all states will take, from a few of them."""
        product, pair = next((product, pairs[:1]) for product, pairs in groups.items())
        seconds = []
        for count in (9, 1):
            start = time.perf_counter()
            self.check(product, pair * count)
            seconds.append(time.perf_counter() - start)
        of_pair = (seconds[0] - seconds[1]) / 8
        return len(groups) * seconds[1] + sum(map(len, groups.values())) * of_pair


def _pairs_by_product(config: MacConfig) -> dict[Value, list[_Pair]]:
    """Pairs of codes under the value of their product, whichever way it is spelled."""
    groups: dict[Value, list[_Pair]] = {}
    second = [(code, decode(config.b, code)) for code in legal_codes(config.b)]
    for a in legal_codes(config.a):
        x = decode(config.a, a)
        for b, y in second:
            sign, magnitude, exponent, kind = multiply(x, y)
            zeros = (magnitude & -magnitude).bit_length() - 1
            product = Value(sign, 0, 0, kind)
            if magnitude:
                product = Value(sign, magnitude >> zeros, exponent + zeros, kind)
            groups.setdefault(product, []).append((a, b))
    return groups


def _self_test(config: MacConfig, groups: dict[Value, list[_Pair]]) -> None:
    """Compare the golden model on arrays, and the products it is given, with the scalar one."""
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    product_of = {pair: product for product, pairs in groups.items() for pair in pairs}
    triples = biased_triples(config, min(states(config), _SELF_TEST), seed=0)
    samples = triples.integers()
    products = Numbers.of(product_of[a, b] for a, b, _ in samples)
    decoded = golden_numpy.decode(acc.format, triples.c[:, 0], acc.subnormals)
    results = golden_numpy.add_rounded(acc, decoded, products).tolist()
    for (a, b, c), got in zip(samples, results, strict=True):
        want = golden.mac(config, a, b, c).acc
        if want is not None and got != want:
            raise SelfTestError(
                f"Nothing was checked: for a={a:#x} b={b:#x} acc={c:#x} the golden model of "
                f"{config.slug} gives {want:#x}, and {got:#x} on arrays."
            )


def _replay(config: MacConfig, netlist: Netlist, found: list[_State]) -> tuple[Mismatch, ...]:
    """The states that were found wrong, by the scalar golden model and the netlist's evaluator."""
    if not found:
        return ()
    a, b, c = np.array(found, np.uint64).T
    mismatches = check_core(config, netlist, Triples(a, b, c[:, None]))
    if len(mismatches) < len(found):
        raise SelfTestError(
            f"Of {len(found)} states of {config.slug} that were found wrong, "
            f"{len(mismatches)} are when evaluated one by one."
        )
    return tuple(mismatches)


def _in_words(seconds: float) -> str:
    for unit, size in (("hour", 3600), ("minute", 60)):
        if (count := round(seconds / size)) > 1:
            return f"about {count} {unit}s"
    return "about a minute"
