"""Whether a larger operand can make the sum of a unit smaller.

Sums without alignment are monotone: an exact sum is, a rounding is, and so is what is made of them.
An alignment is not, as a rule: where one term's exponent grows, the others lose a bit::

    window 4     1.111         10.00       the larger number ...
               + 0.001       +  0.00|1
               + 0.001       +  0.00|1
               = 10.001      = 10.00       ... has the smaller sum

# Ref: M. Mikaitis, Monotonicity of multi-term floating-point adders, arXiv:2304.01407
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.claims.differ import SharedOperands, check_enumerable, number_of
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.exact.golden import State
from fp8mac.sim.gemm.definition import dot
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import reset

__all__ = ["Descent", "Monotone", "find_descents", "why_monotone"]

_MOST = 31  # other products that are tried
_SUMS = 1 << 28  # that are computed, about, before a search is given up


@dataclass(frozen=True)
class Descent:
    """A term that grows, and a sum that becomes smaller, replayed in the golden model.

    Parameters
    ----------
    operand : str
        ``a``, of the product ``a * b``; or ``c``, what the accumulator holds before.
    low, high : float
        That operand.
    b : float
        The other factor of its product; 1 for ``c``.
    others : int
        Further products, all alike.
    x, y : float
        Their factors.
    sums : tuple of Fraction
        With ``low``, and with ``high``.
    """

    operand: str
    low: float
    high: float
    b: float
    others: int
    x: float
    y: float
    sums: tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Monotone:
    """What is known of a step of a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    proof : dict of str to str
        By kind of operand, ``a`` and ``c``, why the sum is monotone in it.
    descents : tuple of Descent
        For each other kind one of which it is known that its growth can make the sum smaller.
    tried : int
        Sums that were computed.
    """

    config: MacConfig
    proof: dict[str, str]
    descents: tuple[Descent, ...] = ()
    tried: int = 0

    @property
    def unknown(self) -> tuple[str, ...]:
        """Kinds of operands with neither a proof nor a counterexample."""
        known = {*self.proof, *(each.operand for each in self.descents)}
        return tuple(kind for kind in "ac" if kind not in known)


def why_monotone(config: MacConfig) -> dict[str, str]:
    """Proofs that a step of a unit is monotone in its operands, by their kind, in a sentence each.

    ``a`` is a factor of a product, ``c`` what the accumulator holds before. Where terms are
    aligned, all that can make a sum smaller is that a product comes to have the largest exponent
    ``E``, and every cut then takes less than ``2**(E - window + 1)`` from its term. But the product
    has grown by an ulp of one factor times the other, which is at least
    ``2**(E - 1 - mantissa bits of both)``.
    """
    how = config.summation
    if how.aligns:
        return _by_bound(config)
    if not isinstance(config.accumulator, FloatAccConfig):
        proof = "Sums are exact: they are monotone as long as the register does not wrap."
        if config.saturates:
            proof = "Each step adds exactly and stops at an end of the range; both are monotone."
    elif how.tree:
        proof = "Every adder of the tree rounds an exact sum; sum and rounding are monotone."
    else:
        proof = "A step rounds its exact sum once; sum and rounding are monotone."
    return {"a": proof, "c": proof}


def _by_bound(config: MacConfig) -> dict[str, str]:
    how = config.summation
    assert isinstance(config.a, FloatFormat)
    assert isinstance(config.b, FloatFormat)
    late = (how.late.sum_bits, how.late.acc_bits) if how.late else ()
    windows = [how.window_bits, how.join.bits if how.join else None, *late]
    narrowest = min(bits for bits in windows if bits is not None)
    cuts = how.lanes + 1 + (how.groups.ways if how.groups else 0) + len(late)
    grown = 1 + config.a.mantissa_bits + config.b.mantissa_bits
    exact_groups = how.groups is not None and how.window_bits is None
    found = _late_proof(config)
    if how.deal is not None or exact_groups or cuts > 2 ** (narrowest - 1 - grown):
        return found
    return found | {
        "a": (
            f"A product that comes to have the largest exponent E grows by at least "
            f"2**(E - {grown}); {cuts} cuts take less than 2**(E - {narrowest - 1}) each."
        )
    }


def _late_proof(config: MacConfig) -> dict[str, str]:
    """Why a step is monotone in an accumulator that is not aligned with the products."""
    late, acc = config.summation.late, config.accumulator
    assert isinstance(acc, FloatAccConfig)
    if config.summation.chunk is not None or (late is not None and late.sum_bits is None):
        return {"c": "It is added to a sum that does not depend on it; a rounding is monotone."}
    if late is None or late.sum_bits is None or late.acc_bits is None:
        return {}
    if acc.format.precision > late.acc_bits or acc.format.precision >= late.sum_bits:
        return {}
    return {
        "c": (
            f"Where it comes to have the larger exponent E, it grows by 2**(E - "
            f"{acc.format.precision}) or more, and the sum's cut takes less than "
            f"2**(E - {late.sum_bits - 1})."
        )
    }


def find_descents(config: MacConfig) -> Monotone:
    """Proofs or counterexamples, for one step.

    The other terms of a sum are alike: ``x * y``, as often as it takes. Among such sums those with
    the fewest terms are found first; of accumulators, those next to powers of two are tried.

    Raises
    ------
    ConfigError
        If operands are too wide to be enumerated, in blocks, or rounding is stochastic.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> found = find_descents(parse_line("fdot-fp8"))
    >>> found.proof["c"], found.unknown
    ('A step rounds its exact sum once; sum and rounding are monotone.', ())
    """
    check_enumerable(config)
    proof, count = why_monotone(config), [0]
    searches = {"a": _operand_descents, "c": _accumulator_descents}
    found = (
        next(search(config, count), None) for kind, search in searches.items() if kind not in proof
    )
    return Monotone(config, proof, tuple(each for each in found if each), count[0])


def _others(config: MacConfig) -> range:
    return range(1, min(config.summation.lanes, _MOST + 1))


def _operand_descents(config: MacConfig, count: list[int]) -> Iterator[Descent]:
    """Of products whose first factor grows."""
    operands = SharedOperands(config, config)
    codes_a, codes_b = operands.a[0], operands.b[0]
    values = decode(codes_a, config.a)
    rising = np.argsort(values, kind="stable")
    rising = rising[np.isfinite(values[rising])]
    signs = np.sign(decode(codes_b, config.b))
    signs = np.where(np.isfinite(signs), signs, 0)
    for others in _others(config):
        for x, y in operands.classes:
            if count[0] > _SUMS:
                return
            left = np.full((len(rising), others + 1), codes_a[x])
            right = np.full((others + 1, len(codes_b)), codes_b[y])
            left[:, 0], right[0] = codes_a[rising], codes_b
            sums = gemm(left, right, config).values
            count[0] += sums.size
            with np.errstate(invalid="ignore"):
                change = np.diff(sums, axis=0)
                falls = np.isfinite(change) & (change * signs < 0)
            if falls.any():
                row, column = divmod(int(falls.argmax()), falls.shape[1])
                pair = [int(code) for code in codes_a[rising[row : row + 2]]]
                b, alike = int(codes_b[column]), (int(codes_a[x]), int(codes_b[y]))
                yield _of_operand(config, pair, b, others, alike)


def _of_operand(
    config: MacConfig, pair: list[int], b: int, others: int, alike: tuple[int, int]
) -> Descent:
    if decode(np.array([b]), config.b)[0] < 0:
        pair = pair[::-1]  # the product grows where its factor falls
    sums = [
        number_of(config, dot(config, [a, *[alike[0]] * others], [b, *[alike[1]] * others]))
        for a in pair
    ]
    before, after = _fallen(sums)
    low, high = decode(np.array(pair), config.a).tolist()
    factors = _value(config.a, alike[0]), _value(config.b, alike[1])
    return Descent("a", low, high, _value(config.b, b), others, *factors, (before, after))


def _accumulator_descents(config: MacConfig, count: list[int]) -> Iterator[Descent]:
    """Of accumulators that grow to a power of two."""
    acc = config.result.accumulator
    assert isinstance(acc, FloatAccConfig)
    assert isinstance(config.a, FloatFormat)
    assert isinstance(config.b, FloatFormat)
    operands = SharedOperands(config, config)
    codes_a, codes_b = operands.a[0], operands.b[0]
    values = decode(codes_a, config.a)
    positive = codes_a[np.isfinite(values) & (values > 0)]
    format_ = acc.format
    lowest = max(config.product_lsb_exponent, format_.emin)
    highest = min(config.a.emax + config.b.emax + 2, format_.emax)
    powers = np.arange(lowest, highest + 1) - format_.emin + 1 << format_.mantissa_bits
    starts = np.stack([powers - 1, powers], axis=1).reshape(-1)
    held = reset(config.result, (len(starts), len(codes_b)))
    held.acc[:] = starts[:, None]
    for others in _others(config):
        for x in positive:
            left = np.full((len(starts), others), x)
            right = np.tile(codes_b, (others, 1))
            sums = gemm(left, right, config, start=held).values
            count[0] += sums.size
            with np.errstate(invalid="ignore"):
                change = sums[1::2] - sums[::2]
                falls = np.isfinite(change) & (change < 0)
            if falls.any():
                row, column = divmod(int(falls.argmax()), falls.shape[1])
                alike = int(x), int(codes_b[column])
                pair = [int(each) for each in starts[2 * row : 2 * row + 2]]
                yield _of_accumulator(config, pair, others, alike)


def _of_accumulator(
    config: MacConfig, pair: list[int], others: int, alike: tuple[int, int]
) -> Descent:
    acc = config.result.accumulator
    assert isinstance(acc, FloatAccConfig)
    no_flags = (False,) * len(config.result.flags)
    sums = [
        number_of(
            config, dot(config, [alike[0]] * others, [alike[1]] * others, State(code, no_flags))
        )
        for code in pair
    ]
    before, after = _fallen(sums)
    low, high = decode(np.array(pair), acc.format).tolist()
    factors = _value(config.a, alike[0]), _value(config.b, alike[1])
    return Descent("c", low, high, 1.0, others, *factors, (before, after))


def _fallen(sums: list[Fraction | str]) -> tuple[Fraction, Fraction]:
    before, after = sums
    assert isinstance(before, Fraction)
    assert isinstance(after, Fraction)
    assert after < before, "the golden model disagrees"
    return before, after


def _value(format_: Any, code: int) -> float:
    return float(decode(np.array([code]), format_)[0])
