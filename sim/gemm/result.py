"""Accumulators of a whole matrix: patterns, flags, values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Overflow, parse_format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, encode, has_special
from fp8mac.sim.codes.encoding_rule import code_dtype
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import REGISTERS, FixedPointCodec
from fp8mac.sim.exact.golden import State
from fp8mac.sim.gemm.plan import Plan
from fp8mac.sim.gemm.words import Words, to_float

_FLOAT32 = parse_format("fp32")

__all__ = ["GemmResult", "finish", "raise_flags", "read", "reset", "store", "words"]


@dataclass(frozen=True, eq=False, repr=False)
class GemmResult:
    """Accumulators after a product.

    Parameters
    ----------
    config : MacConfig
        Unit whose accumulators they are.
    acc : ndarray of uint8, uint16, uint32 or uint64, shape (m, n)
        Patterns, see `fp8mac.sim.exact.golden.State`; 0 where a flag is raised. Beyond 64 bits, of
        shape (m, n, words), least significant first.
    flags : ndarray of bool, shape (m, n, len(config.flags))
        In the order of ``config.flags``.
    plan : Plan
        Who has computed them.
    scale : float
        What values are multiplied with: the scales of both tensors in NVFP4.
    """

    config: MacConfig
    acc: NDArray[Any]
    flags: NDArray[np.bool_]
    plan: Plan | None = None
    scale: float = 1.0

    def __repr__(self) -> str:
        rows, columns = self.flags.shape[:2]
        return f"<GemmResult of {self.config.slug}, {rows} x {columns}>"

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Values, shape (m, n): exact, but of fixed point wider than 53 bits the nearest float64.

        NaN and infinities where flags say so. Of a unit with an output format those of `out`.
        """
        if self.config.output is not None:
            return self._flagged(decode(self.out, self.config.output.format))
        return self._exact if self.scale == 1 else self._exact * self.scale

    @property
    def floats(self) -> NDArray[np.floating]:
        """`values`, in float32 where the accumulators are float32 numbers."""
        accumulator = self.config.accumulator
        of_float32 = isinstance(accumulator, FloatAccConfig) and accumulator.format == _FLOAT32
        if self.config.output is None and of_float32 and self.scale == 1 and not self.config.flags:
            return self.acc.view(np.float32)
        return self.values

    @cached_property
    def out(self) -> NDArray[Any]:
        """Codes that leave a unit with an output format, shape (m, n): sums, rounded once.

        NaN and infinities where flags say so, as far as the format has them; else 0 for NaN.

        Raises
        ------
        ValueError
            If the unit has no output format.
        """
        output = self.config.output
        if not isinstance(output, FloatAccConfig):
            raise ValueError(f"{self.config.slug} has no output format that is a float.")
        lsb = self.config.product_lsb_exponent
        odd = to_float(words(self.acc), self.config.acc_bits, lsb, odd=True)
        sums = self._flagged(odd)
        if not output.subnormals:
            sums = np.where(np.abs(sums) < float(output.format.min_normal), sums * 0.0, sums)
        unspecified = np.isnan(sums) & (not output.format.has_nan)
        sums[unspecified] = 0.0
        codes = encode(sums, output.format, output.rounding, output.overflow)
        if output.format.has_inf:
            special = encode(sums, output.format, output.rounding, Overflow.TO_SPECIAL)
            codes = np.where(np.isinf(sums), special, codes)
        return codes

    @cached_property
    def _exact(self) -> NDArray[np.float64]:
        accumulator = self.config.accumulator
        if isinstance(accumulator, FloatAccConfig):
            values = decode(self.acc, accumulator.format)
        elif REGISTERS[type(accumulator)] is not FixedPointCodec:
            codes = self.acc.ravel().tolist()
            numbers = [float(golden.read(self.config, code).fraction) for code in codes]
            values = np.array(numbers).reshape(self.acc.shape)
        else:
            lsb = self.config.product_lsb_exponent
            values = to_float(words(self.acc), self.config.acc_bits, lsb)
        return self._flagged(values)

    def _flagged(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values, with NaN and infinities where flags say so."""
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


def reset(config: MacConfig, shape: tuple[int, int], plan: Plan | None = None) -> GemmResult:
    """Accumulators after reset."""
    count = -(-config.acc_bits // 64)
    dtype = code_dtype(min(config.acc_bits, 64))
    acc = np.zeros(shape if count == 1 else (*shape, count), dtype)
    return GemmResult(config, acc, np.zeros((*shape, len(config.flags)), bool), plan)


def finish(
    config: MacConfig, acc: NDArray[Any], flags: NDArray[np.bool_], plan: Plan | None
) -> GemmResult:
    """Accumulators, 0 where flags are raised."""
    if flags.any():
        acc[flags.any(axis=-1)] = 0
    return GemmResult(config, acc, flags, plan)


def store(result: GemmResult, place: tuple[int, ...], state: State) -> None:
    """Put the state of one sum, by its row and column, into a result."""
    words = result.acc.reshape(*result.flags.shape[:2], -1)
    for word in range(words.shape[-1]):
        words[(*place, word)] = (state.acc or 0) >> 64 * word & (1 << 64) - 1
    result.flags[place] = state.flags


def words(acc: NDArray[Any]) -> Words:
    """Patterns as words, shape (m, n, words)."""
    wide = acc.astype(np.uint64)
    return wide[..., None] if wide.ndim == 2 else wide


def read(accumulator: FloatAccConfig, codes: NDArray[Any]) -> NDArray[np.float64]:
    """Values of accumulators as the next step reads them."""
    values = decode(codes, accumulator.format)
    if not accumulator.subnormals:
        values[np.abs(values) < float(accumulator.format.min_normal)] *= 0
    if accumulator.flushes:
        tiny = np.abs(values) < float(accumulator.format.min_normal)
        values[tiny & (values != 0)] = 0  # -0 stays
    return values


def raise_flags(config: MacConfig, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Flags of sums of products of codes, shape (m, n, flags), or (flags,) if none is raised."""
    if not config.flags or not (has_special(a, config.a) or has_special(b, config.b)):
        return np.zeros(len(config.flags), bool)
    return _raised(config, decode(a, config.a), decode(b, config.b))


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
