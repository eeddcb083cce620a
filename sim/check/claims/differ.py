"""The smallest operands on which two units disagree, and whether a unit's sum is monotone.

Sums begin from a cleared accumulator. Sums of one product are tried with all operands, then sums of
two, with all operands of both, at all pairs of places that units can tell apart; so what is found
first has the fewest terms. Operands of two formats are those numbers that both have.

::

    places   0 1 2 ... 15 16 17 ...        16 is the next step of a unit of 16 lanes
             p q                           neighbours first
             p             q               then the second place moves on

A product that is not the last one stands for all that units cannot tell from it: those of its value
and exponents. For each one, the last product is any of all pairs of codes, in one matrix product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.codes.numbers import legal_codes
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.steps import exponent
from fp8mac.sim.exact.values import Kind
from fp8mac.sim.gemm.definition import dot
from fp8mac.sim.gemm.gemm import gemm

__all__ = [
    "Disagreement",
    "SharedOperands",
    "check_enumerable",
    "find_difference",
    "number_of",
    "places_of",
]

_WIDEST = 8  # bits of an operand, whose codes are all tried


@dataclass(frozen=True)
class Disagreement:
    """Operands on which two units disagree, replayed in the golden model.

    Parameters
    ----------
    first, second : MacConfig
        The units.
    places : tuple of int
        Where in the sum the products stand; all others are zero.
    a, b : tuple of float
        Operands of the products.
    codes : tuple of tuples of int
        Codes of ``a`` and ``b`` in the first unit, and in the second.
    sums : tuple of Fraction or str
        Of the first unit and of the second; ``nan``, ``inf`` or ``-inf`` in place of a number.
    """

    first: MacConfig
    second: MacConfig
    places: tuple[int, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    codes: tuple[tuple[int, ...], ...]
    sums: tuple[Fraction | str, Fraction | str]

    @property
    def exact(self) -> Fraction | None:
        """Exact sum, where operands are numbers."""
        if not np.isfinite([*self.a, *self.b]).all():
            return None
        return sum((Fraction(x) * Fraction(y) for x, y in zip(self.a, self.b, strict=True)),
                   Fraction(0))  # fmt: skip


def find_difference(first: MacConfig, second: MacConfig, terms: int = 2) -> Disagreement | None:
    """The smallest operands on which two units disagree.

    Results are compared as numbers: all NaN are one, and zeros are alike. The fewest terms come
    first, then the first places, then the smallest codes, first term first.

    Parameters
    ----------
    first, second : MacConfig
        Units whose operands have at most 8 bits.
    terms : int
        Most terms that are tried, 1 or 2.

    Returns
    -------
    Disagreement or None
        None if units agree on all sums of so many terms.

    Raises
    ------
    ConfigError
        If operands are too wide, in blocks, or rounding is stochastic.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> found = find_difference(parse_line("h100-fp8-e4m3"), parse_line("b200-fp8-e4m3"))
    >>> found.a, found.b, found.sums[1] == found.exact
    ((0.001953125, 0.001953125), (0.001953125, 4.0), True)
    """
    for config in (first, second):
        check_enumerable(config)
    if first == second:
        raise ConfigError(f"Both units are {first.text}.")
    shared = SharedOperands(first, second)
    for places in places_of(first, second, terms):
        found = shared.disagreement(places)
        if found is not None:
            return found
    return None


def check_enumerable(config: MacConfig) -> None:
    """Refuse a unit whose operands cannot all be tried.

    Raises
    ------
    ConfigError
        If it is one.
    """
    if config.block is not None:
        raise ConfigError(
            f"Operands of {config.text} are in blocks, which have scales beside them."
        )
    for format_ in (config.a, config.b):
        if format_.bits > _WIDEST:
            raise ConfigError(
                f"All operands of at most {_WIDEST} bits are tried; {format_.name} has "
                f"{format_.bits}."
            )
    if getattr(config.accumulator, "random_bits", None):
        raise ConfigError(f"{config.text} rounds as random numbers say.")


def places_of(first: MacConfig, second: MacConfig, terms: int) -> Iterator[tuple[int, ...]]:
    """Places of the terms of a sum that units can tell apart: fewest terms first."""
    yield (0,)
    if terms < 2:
        return
    seen = set()
    for place in range(1, max(_span(first), _span(second)) + 1):
        alike = tuple(_meeting(config, place) for config in (first, second))
        if alike not in seen:
            seen.add(alike)
            yield (0, place)


def _span(config: MacConfig) -> int:
    how = config.summation
    return max(how.lanes, how.chunk or 0)


def _meeting(config: MacConfig, place: int) -> tuple[int | bool, ...]:
    """Where a product at a place meets that at place 0: chunk, step, group, level of a tree."""
    how = config.summation
    chunk, within = divmod(place, how.chunk) if how.chunk else (0, place)
    if how.deal is not None:
        step, within = within // how.deal.run % how.deal.ways, 0
    else:
        step, within = divmod(within, how.lanes)
    group = within // how.groups.run % how.groups.ways if how.groups else 0
    level = within.bit_length() if how.tree and not step else 0
    return chunk, step, group > 0, level


class SharedOperands:
    """Operands that two units share, in the order of the first one's codes.

    Parameters
    ----------
    first, second : MacConfig
        The units.
    """

    def __init__(self, first: MacConfig, second: MacConfig) -> None:
        self.units = first, second
        self.a = _shared(first.a, second.a)
        self.b = _shared(first.b, second.b)

    @cached_property
    def classes(self) -> list[tuple[int, int]]:
        """The first pair of operands, by index, of each product that units can tell from others."""
        keys = []
        for config, side in zip(self.units, (0, 1), strict=True):
            a, b = (_exponents(config, format_, codes[side]) for format_, codes in
                    ((config.a, self.a), (config.b, self.b)))  # fmt: skip
            keys.append((a[:, None] + b).ravel())
        values = [decode(codes[0], of) for of, codes in
                  ((self.units[0].a, self.a), (self.units[0].b, self.b))]  # fmt: skip
        with np.errstate(invalid="ignore"):
            product = np.multiply.outer(*values).ravel()
        product[np.isnan(product)] = np.nan
        rows = np.stack([product.view(np.int64), *keys])
        _, first = np.unique(rows, axis=1, return_index=True)
        return [divmod(int(index), len(values[1])) for index in np.sort(first)]

    def disagreement(self, places: tuple[int, ...]) -> Disagreement | None:
        """The smallest operands at these places, one or two, on which the units disagree."""
        heads: list[tuple[tuple[int, int], ...]] = [()]
        if len(places) > 1:
            heads = [(each,) for each in self.classes]
        for head in heads:
            one, other = (self.sums(side, places, head) for side in (0, 1))
            differ = (one != other) & ~(np.isnan(one) & np.isnan(other))
            if differ.any():
                last = divmod(int(differ.argmax()), differ.shape[1])
                return self.replay(places, (*head, last))
        return None

    def sums(
        self, side: int, places: tuple[int, ...], head: tuple[tuple[int, int], ...]
    ) -> NDArray[np.float64]:
        """Sums of a unit: given products, and any last one; shape (operands a, operands b)."""
        config, a, b = self.units[side], self.a[side], self.b[side]
        left = np.zeros((len(a), places[-1] + 1), a.dtype)
        right = np.zeros((places[-1] + 1, len(b)), b.dtype)
        for place, (x, y) in zip(places, head, strict=False):
            left[:, place], right[place] = a[x], b[y]
        left[:, places[-1]], right[places[-1]] = a, b
        return gemm(left, right, config).values

    def replay(self, places: tuple[int, ...], pairs: tuple[tuple[int, int], ...]) -> Disagreement:
        """What the golden model makes of these operands."""
        codes, sums = [], []
        for side, config in enumerate(self.units):
            a = tuple(int(self.a[side][x]) for x, _ in pairs)
            b = tuple(int(self.b[side][y]) for _, y in pairs)
            codes += [a, b]
            sums.append(number_of(config, placed(config, places, a, b)))
        values = [decode(np.array(each), of).tolist() for each, of in
                  zip(codes[:2], (self.units[0].a, self.units[0].b), strict=True)]  # fmt: skip
        a, b = (tuple(each) for each in values)
        return Disagreement(*self.units, places, a, b, tuple(codes), (sums[0], sums[1]))


def placed(
    config: MacConfig, places: tuple[int, ...], a: tuple[int, ...], b: tuple[int, ...]
) -> State:
    """Sum by the definition of products at these places."""
    left, right = [0] * (places[-1] + 1), [0] * (places[-1] + 1)
    for place, x, y in zip(places, a, b, strict=True):
        left[place], right[place] = x, y
    return dot(config, left, right)


def number_of(config: MacConfig, state: State) -> Fraction | str:
    """Number that a unit holds, or ``nan``, ``inf``, ``-inf``."""
    if state.acc is None:
        raised = dict(zip(config.flags, state.flags, strict=True))
        if raised.get("pos_inf") != raised.get("neg_inf"):
            return "inf" if raised["pos_inf"] else "-inf"
        return "nan"
    value = golden.read(config.result, state.acc)
    if value.kind is Kind.FINITE:
        return value.fraction
    return "nan" if value.kind is Kind.NAN else "-inf" if value.sign else "inf"


def _shared(one: Format, other: Format) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes of the numbers that both formats have."""
    codes = np.array(legal_codes(one)), np.array(legal_codes(other))
    if one == other:
        return codes
    keys = []
    for format_, each in zip((one, other), codes, strict=True):
        values = decode(each, format_)
        values[np.isnan(values)] = np.nan
        keys.append(values.view(np.int64))
    _, first, second = np.intersect1d(*keys, return_indices=True)
    order = np.argsort(first)
    return codes[0][first[order]], codes[1][second[order]]


def _exponents(config: MacConfig, format_: Format, codes: NDArray[Any]) -> NDArray[np.int64]:
    """Exponents as a unit sees them; what has none has that of zero."""
    seen = config.summation.exponents.operands or format_
    found = []
    for code in codes.tolist():
        value = golden.decode(format_, code)
        finite = value.kind is Kind.FINITE and value.magnitude
        is_float = isinstance(format_, FloatFormat)
        found.append(exponent(seen, value) if finite and is_float else 0)
    return np.array(found, np.int64)
