"""Matrix products of units whose steps are exact: matrix products of float64, one for each step.

The products of a step share their scales, if there are any. What they add up to is a number of
float64, and so is it times the scales; their sum with the accumulator is rounded to odd, and then
as the unit does::

    part  = a[:, step] @ b[step] * (scale of a) * (scale of b)      exact
    acc   = round(acc + part)                                       of two numbers

Where float32 holds the parts, and the accumulator is float32, the processor adds as the unit does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat, element_exponent
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, ZeroSign, parse_format
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, encode, round_to
from fp8mac.sim.codes.encoding_rule import code_dtype

__all__ = ["fits", "multiply"]

_E4M3, _FP32 = parse_format("e4m3"), FloatFormat(8, 23)
_DOUBLE, _SINGLE = 53, 24  # bits of significands
_SCALE_BITS = {ScaleFormat.E8M0: 0, ScaleFormat.UE4M3: 8}
_Values = NDArray[Any]


def fits(config: MacConfig) -> bool:
    """Whether a unit's steps are among those that this module computes."""
    acc, block = config.accumulator, config.block
    if not isinstance(acc, FloatAccConfig):
        return False
    return (
        config.summation == Summation(config.summation.lanes)
        and (block is None or block.size % config.summation.lanes == 0)
        and acc.rounding is not Rounding.STOCHASTIC
        and acc.zero in (ZeroSign.IEEE, ZeroSign.PLUS)
        and acc.format.has_inf
        and acc.overflow is not Overflow.SATURATE
        and acc.subnormals
        and not acc.flushes
        and _bits(config) <= _DOUBLE
    )


def _bits(config: MacConfig) -> int:
    """Of the sum of a step."""
    most = config.a.max_magnitude * config.b.max_magnitude * config.summation.lanes
    return most.bit_length() + (0 if config.block is None else _SCALE_BITS[config.block.scale])


def multiply(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: NDArray[Any] | None,
    scales: tuple[NDArray[Any], NDArray[Any]] | None,
) -> NDArray[Any]:
    """Codes of accumulators after all products of codes, of shapes (m, k) and (k, n).

    Parameters
    ----------
    config : MacConfig
        A unit that `fits`.
    codes : pair of ndarray of int
        Operands.
    start : ndarray of int, shape (m, n), optional
        Codes of what is held before.
    scales : pair of ndarrays of uint8, optional
        Codes of the scales of blocks, of shapes (m, blocks) and (blocks, n).
    """
    acc, block, lanes = config.accumulator, config.block, config.summation.lanes
    assert isinstance(acc, FloatAccConfig)
    factors: list[_Values] = []
    if block is not None and scales is not None:
        factors = [_scales(block.scale, each) for each in scales]
    kind = np.float32 if _is_single(config, acc, factors) else np.float64
    a, b = (
        np.ldexp(decode(each, of), moved).astype(kind)
        for each, of, moved in zip(codes, (config.a, config.b), _moved(config), strict=True)
    )
    factors = [each.astype(kind) for each in factors]
    held = np.zeros((len(a), b.shape[1]), kind)
    if start is not None:
        held = decode(start, acc.format).astype(kind)
    for first in range(0, a.shape[1], lanes):
        step = slice(first, first + lanes)
        left, right = a[:, step], b[step]
        part = left @ right
        if block is not None:
            place, (x, y) = first // block.size, factors
            part *= x[:, place, None]
            part *= y[place]
        zeros = held == 0
        if zeros.any():
            zeros &= np.signbit(held) & (part == 0)
        total = held + part if kind is np.float32 else _rounded(acc, held, part)
        if zeros.any():  # zero is negative where all terms are
            signs = np.copysign(1.0, left) @ np.copysign(1.0, right)
            total = np.where(zeros & (signs == -left.shape[1]), kind(-0.0), total)
        held = total + kind(0) if acc.zero is ZeroSign.PLUS else total
    found = encode(held, acc.format, overflow=Overflow.TO_SPECIAL)
    return found.astype(code_dtype(acc.format.bits), copy=False)


def _scales(scale: ScaleFormat, codes: NDArray[Any]) -> NDArray[np.float64]:
    """Values of codes of scales."""
    if scale is ScaleFormat.UE4M3:
        return decode(codes & 127, _E4M3)
    return np.where(codes == 255, np.nan, np.ldexp(1.0, codes.astype(np.int64) - 127))


def _moved(config: MacConfig) -> tuple[int, int]:
    """Exponents that elements of blocks have beside their own."""
    if config.block is None:
        return 0, 0
    return element_exponent(config.a), element_exponent(config.b)


def _is_single(config: MacConfig, acc: FloatAccConfig, scales: list[_Values]) -> bool:
    """Whether float32 holds all parts, and adds as the accumulator does."""
    if acc.format != _FP32 or acc.rounding is not Rounding.RNE or _bits(config) > _SINGLE:
        return False
    least, most = config.product_lsb_exponent + sum(_moved(config)), _bits(config)
    most += least
    for each in scales:
        some = each[np.isfinite(each) & (each != 0)]
        exponents = np.frexp(some)[1] - 1
        least += int(exponents.min(initial=0))
        most += int(exponents.max(initial=0)) + 1
    return least >= _FP32.lsb_exponent and most <= _FP32.emax


def _rounded(acc: FloatAccConfig, held: _Values, part: _Values) -> _Values:
    """Sums of two numbers of float64, rounded once."""
    total = held + part
    back = total - held
    error = (held - (total - back)) + (part - back)
    lost = np.nonzero((error != 0) & np.isfinite(total))
    if len(lost[0]):
        some, missing = total[lost], error[lost]
        pattern = some.view(np.int64)
        farther = np.where((missing > 0) == (some > 0), 1, -1)
        total[lost] = np.where(pattern & 1, pattern, pattern + farther).view(np.float64)
    if acc.format == _FP32 and acc.rounding is Rounding.RNE:
        return total.astype(np.float32).astype(np.float64)
    return round_to(total, acc.format, acc.rounding, acc.overflow)
