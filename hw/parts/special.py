"""Special values: which codes are NaN or infinite, and what a result becomes that is one.

========  =======================  ===============================
specials  NaN                      infinite
========  =======================  ===============================
``ieee``  ``s 1..1 m``, ``m > 0``  ``s 1..1 0..0``
``fn``    ``s 1..1 1..1``          none
``fnuz``  ``1 0..0 0..0``          none
``none``  none                     none
========  =======================  ===============================
"""

from collections.abc import Callable
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Value
from amaranth.lib import data

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, ZeroSign

__all__ = ["Class", "Select", "classify", "flags_of", "with_specials", "with_zeros"]

Select = Callable[[Value, Value, Value], Value]
"""Multiplexer: condition, value where it holds, value where it does not."""


class Class(NamedTuple):
    """What kind of number a code stands for; constants where the format has no such numbers."""

    nan: Value
    inf: Value
    either: Value


def classify(code: Value, format_: FloatFormat, zero: Value | None = None) -> Class:
    """Whether a code is NaN, is infinite.

    Parameters
    ----------
    code : Value
        As wide as the format.
    format_ : FloatFormat
        Its format.
    zero : Value, optional
        Whether all bits but the sign are zero, where the circuit knows it already.

    Returns
    -------
    Class
        ``either`` shares the gates of the two, and is only there for IEEE 754's special values.
    """
    none = Const(0, 1)
    special = none if format_.top_bits is None else code[format_.top_bits : -1].all()
    if format_.specials.nan_is_negative_zero:
        negative = code[-1]
        nan = negative & ~code[:-1].any() if zero is None else zero & negative
        return Class(nan, special, nan | special if format_.has_inf else none)
    if not format_.has_inf:
        return Class(special, none, none)
    mantissa = code[: format_.mantissa_bits]
    return Class(special & mantissa.any(), special & ~mantissa.any(), special)


def with_specials(
    config: FloatAccConfig,
    body: Value,
    sign: Value,
    *,
    overflow: Value,
    nan: Value,
    inf: Value,
    select: Select,
) -> Value:
    """Code of a rounded sum, with what the accumulator has for sums that are no number of it.

    Parameters
    ----------
    config : FloatAccConfig
        Format, rounding, overflow.
    body : Value
        Code of the magnitude, without a sign.
    sign : Value
        Sign of the sum.
    overflow, nan, inf : Value
        The magnitude is beyond the largest number; the sum is NaN; it is infinite (if not NaN).
    select : Select
        How the family chooses.
    """
    format_ = config.format
    beyond, infinite = format_.max_code, format_.max_code
    if format_.inf_code is not None:
        infinite = format_.inf_code
    elif format_.has_nan and config.overflow is not Overflow.SATURATE:
        infinite = None
    stops = config.rounding is Rounding.RTZ and config.overflow is not Overflow.TO_INF
    if not stops and config.overflow is not Overflow.SATURATE:
        beyond = infinite
    # None stands for NaN: then the case joins those that are NaN anyway.
    for condition, code in ((overflow, beyond), (inf, infinite)):
        if code is None:
            nan = nan | condition
        else:
            body = select(condition, Const(code, len(body)), body)
    if not format_.has_negative_zero:
        sign = sign & body.any()
    if format_.nan_code is None:
        return Cat(body, sign)
    return select(nan, Const(format_.nan_code, format_.bits), Cat(body, sign))


def with_zeros(config: FloatAccConfig, code: Value) -> Value:
    """Code whose zeros are as the accumulator holds them: what is flushed, and which sign."""
    format_ = config.format
    if config.flushes:
        sign: Value = code[-1]
        normal, mantissa = code[format_.mantissa_bits : -1].any(), code[: format_.mantissa_bits]
        if not format_.has_negative_zero:  # that code is NaN
            sign = sign & (normal | ~mantissa.any())
        code = Cat(code[:-1] & normal.replicate(len(code) - 1), sign)
    if config.zero is ZeroSign.PLUS and format_.has_negative_zero:
        code = Cat(code[:-1], code[-1] & code[:-1].any())
    return code


def flags_of(product: data.View, names: tuple[str, ...]) -> Value:
    """Flags that a product raises, by their names in a unit's configuration."""
    if names == ("pos_inf", "neg_inf"):
        return Cat(
            product.nan | (product.inf & ~product.sign), product.nan | (product.inf & product.sign)
        )
    return Cat(*(product[name] for name in names))
