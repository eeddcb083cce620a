"""Golden model of float accumulators on arrays: the twin of `exact.golden`, and checked by it.

Both numbers are brought to one unit, so far below the larger one that they fit into 51 bits. What
the smaller one has below that unit only makes it odd, which rounding cannot tell from the truth::

    larger    1xxxxxxxxxxxxxxx|0000000000000000000|
    smaller                           1xxxxxxxxxxx|xxxxx  ->  1xxxxxxxxxx1
                                                unit

# Ref: S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms
#      using rounding to odd, IEEE Transactions on Computers 57(4), 2008
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding
from fp8mac.sim.exact.values import Kind, Value

__all__ = ["Numbers", "add_rounded", "decode"]

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_BITS = 51


class Numbers(NamedTuple):
    """Exact values as arrays, see `exact.values.Value`; magnitudes have at most 24 bits."""

    negative: Flags
    magnitude: Integers
    exponent: Integers
    inf: Flags
    nan: Flags

    @classmethod
    def of(cls, values: Iterable[Value]) -> "Numbers":
        """Arrays of shape (n,) from ``n`` values."""
        columns = [
            (value.sign == 1, value.magnitude, value.exponent, value.kind) for value in values
        ]
        negative, magnitude, exponent, kind = zip(*columns, strict=True)
        return cls(
            np.array(negative),
            np.array(magnitude, np.int64),
            np.array(exponent, np.int64),
            np.array([each is Kind.INF for each in kind]),
            np.array([each is Kind.NAN for each in kind]),
        )


def decode(format_: FloatFormat, codes: NDArray[np.uint64], subnormals: bool = True) -> Numbers:
    """Values of codes; where ``subnormals`` is False, subnormal numbers are zero."""
    code = codes.astype(np.int64)
    negative = code >= format_.sign_code
    unsigned = code & (format_.sign_code - 1)
    mantissa = unsigned & ((1 << format_.mantissa_bits) - 1)
    field = unsigned >> format_.mantissa_bits
    smallest = mantissa if subnormals else np.zeros_like(mantissa)
    inf = (unsigned == format_.inf_code) if format_.has_inf else np.zeros_like(negative)
    special = (unsigned > format_.max_code) | (code == format_.nan_code)
    return Numbers(
        negative,
        np.where(field > 0, mantissa | 1 << format_.mantissa_bits, smallest),
        np.maximum(field, 1) - 1 + format_.lsb_exponent,
        inf,
        special & ~inf,
    )


def add_rounded(config: FloatAccConfig, acc: Numbers, product: Numbers) -> NDArray[np.uint64]:
    """Codes of ``acc + product``, rounded once: `fp8mac.sim.exact.golden.mac` on arrays.

    Parameters
    ----------
    config : FloatAccConfig
        Accumulator that rounds to nearest even or toward zero.
    acc, product : Numbers
        Of shapes that broadcast. ``acc`` is decoded with ``config.subnormals``.

    Returns
    -------
    ndarray of uint64
        Codes; any where the sum is NaN or infinite and the format has neither.
    """
    format_ = config.format
    total, unit = _exact_sum(acc, product)
    code = _rounded(config, np.abs(total), unit)
    inf = acc.inf | product.inf
    nan = acc.nan | product.nan | (acc.inf & product.inf & (acc.negative != product.negative))
    saturates = config.overflow is Overflow.SATURATE
    for condition, largest in (
        (code > format_.max_code, saturates or config.rounding is Rounding.RTZ),
        (inf, saturates and not format_.has_inf),
    ):
        if largest or not format_.has_nan:
            code[condition] = format_.max_code
        elif format_.inf_code is not None:
            code[condition] = format_.inf_code
        else:
            nan = nan | condition
    negative = np.where(total == 0, acc.negative & product.negative, total < 0)
    negative = np.where(inf, (acc.inf & acc.negative) | (product.inf & product.negative), negative)
    negative &= (code > 0) | format_.has_negative_zero
    code += negative * np.int64(format_.sign_code)
    if format_.nan_code is not None:
        code[nan] = format_.nan_code
    return code.astype(np.uint64)


def _exact_sum(x: Numbers, y: Numbers) -> tuple[Integers, Integers]:
    """Sum and its unit's exponent; odd, where what is below the unit has made it so."""
    top = np.maximum(_leading(x.magnitude, x.exponent), _leading(y.magnitude, y.exponent))
    unit = top - (_BITS - 1)
    parts = []
    for number in (x, y):
        shift = number.exponent - unit
        right = np.clip(-shift, 0, 62)
        kept = number.magnitude << np.clip(shift, 0, 62) >> right
        lost = (kept << right != number.magnitude) & (shift < 0)
        kept |= lost
        parts.append(np.where(number.negative, -kept, kept))
    return parts[0] + parts[1], unit


def _leading(magnitude: Integers, exponent: Integers) -> Integers:
    """Exponent of the leading one of ``magnitude * 2**exponent``; far below all others for zero."""
    return np.where(magnitude > 0, exponent + np.frexp(magnitude)[1] - 1, -(1 << 20))


def _rounded(config: FloatAccConfig, magnitude: Integers, unit: Integers) -> Integers:
    """Codes, without sign, of ``magnitude * 2**unit``; beyond the largest they are too large."""
    format_ = config.format
    leading = _leading(magnitude, unit)
    ulp = np.maximum(leading - format_.mantissa_bits, format_.lsb_exponent)
    right = np.clip(ulp - unit, 0, 62)
    significand = magnitude << np.clip(unit - ulp, 0, 62) >> right
    if config.rounding is Rounding.RNE:
        rest = magnitude - (significand << right) << 1
        one = np.int64(1) << right
        significand += (rest > one) | ((rest == one) & (significand & 1 > 0))
    # The hidden bit adds 1 to the exponent field, a carry out of the significand adds 1 more.
    code = (ulp - format_.lsb_exponent << format_.mantissa_bits) + significand
    return code if config.subnormals else np.where(leading < format_.emin, 0, code)
