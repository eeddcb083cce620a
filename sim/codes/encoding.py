"""Arrays of numbers to codes of any format and back: the twin of `exact.codecs` on arrays.

How a float is rounded stands in `fp8mac.sim.codes.encoding_rule`, and compiled in
`fp8mac.sim.codes.encoding_numba`.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.formats import (
    FloatFormat,
    Format,
    FormatError,
    IntFormat,
    Overflow,
    Rounding,
    parse_format,
)
from fp8mac.sim.codes.encoding_rule import BLOCK, EncodingRule, code_dtype
from fp8mac.sim.codes.inputs import codes_of, noise_of, numbers_of, whole
from fp8mac.sim.codes.integers import round_integers
from fp8mac.sim.codes.numbers import values

__all__ = [
    "decode",
    "encode",
    "has_numba",
    "has_special",
    "in_units",
    "look_up",
    "round_to",
]

Array = NDArray[Any]

# The C library of Linux returns free memory at once, until a block as large as this one has been
# freed; to get it back takes longer than the arithmetic on it.
np.empty(1 << 24, np.uint8)

_FLOAT32 = parse_format("fp32")
_MANY = 20_000  # numbers that make compiled kernels worth their import


@np.errstate(all="ignore")
def decode(codes: ArrayLike, format_: Format, dtype: type = np.float64) -> Array:
    """Values of codes, exactly.

    Parameters
    ----------
    codes : array_like of int
        Codes of ``format_``; any shape. Numbers of a type of ``ml_dtypes`` or numpy that has this
        very format are taken by their bits.
    format_ : FloatFormat or IntFormat
        What they mean.
    dtype : type
        ``float64``, which holds every value of every format, or ``float32``.

    Returns
    -------
    ndarray of dtype
        Same shape; infinities and NaN where the format has them.

    Raises
    ------
    ValueError
        If the format has no such code.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> decode([0x38, 0xFE, 0x7F], parse_format("e4m3"))
    array([   1., -448.,   nan])
    """
    array = codes_of(codes, format_)
    if format_.bits <= 16:
        return look_up(array, _table(format_, np.dtype(dtype), 0))
    return _values(format_, array).astype(dtype, copy=False)


def in_units(codes: Array, format_: Format, dtype: type) -> Array:
    """Values of codes in units of ``2**format_.lsb_exponent``; unlike `decode` without checks."""
    size = codes.dtype.itemsize
    if isinstance(format_, IntFormat) and format_.bits == 8 * size:
        return codes.view(f"i{size}").astype(dtype)
    if format_.bits <= 16:
        return look_up(codes, _table(format_, np.dtype(dtype), -format_.lsb_exponent))
    return np.ldexp(_values(format_, codes), -format_.lsb_exponent).astype(dtype)


def has_special(codes: Array, format_: Format) -> bool:
    """Whether infinities or NaN are among codes."""
    magnitude, largest, nan = _special(format_)
    if nan is not None and (codes == nan).any():
        return True
    if largest is None or not codes.size:
        return False
    unsigned = np.bitwise_and(codes, codes.dtype.type(magnitude))
    return int(unsigned.max()) > largest


@lru_cache(maxsize=64)
def _special(format_: Format) -> tuple[int, int | None, int | None]:
    """Bits of a magnitude, the largest one where others are above it, and NaN in place of -0."""
    if not isinstance(format_, FloatFormat):
        return 0, None, None
    largest = None if format_.top_bits is None else format_.max_code
    lone = format_.nan_code if format_.specials.nan_is_negative_zero else None
    return format_.sign_code - 1, largest, lone


@lru_cache(maxsize=64)
def _table(format_: Format, dtype: np.dtype[Any], shift: int) -> Array:
    table = np.ldexp(_values(format_, np.arange(1 << format_.bits)), shift).astype(dtype)
    table.flags.writeable = False
    return table


def look_up(codes: Array, table: Array) -> Array:
    """Entries of a table that has one for every code."""
    kernels = _compiled(codes.size)
    if kernels is None:
        return table.take(codes.astype(np.intp, copy=False), mode="clip")  # in range
    if codes.ndim > 1 and codes.strides[-1] > codes.strides[-2]:  # as they lie in memory
        return look_up(codes.swapaxes(-1, -2), table).swapaxes(-1, -2)
    out = np.empty(codes.shape, table.dtype)
    kernels.look_up(np.ascontiguousarray(codes).reshape(-1), table, out.reshape(-1))
    return out


def _compiled(size: int) -> Any:
    """The compiled kernels, where they are worth it: there are many numbers, and numba."""
    if size < _MANY or not has_numba():
        return None
    from fp8mac.sim.codes import encoding_numba

    return encoding_numba


@lru_cache
def has_numba() -> bool:
    """Whether kernels can be compiled."""
    return find_spec("numba") is not None


def _values(format_: Format, codes: Array) -> NDArray[np.float64]:
    if format_ == _FLOAT32:
        return codes.astype(np.uint32, copy=False).view(np.float32).astype(np.float64)
    numbers = values(format_, codes.astype(np.uint64))
    if not isinstance(format_, FloatFormat) or not format_.has_nan:
        return numbers
    unsigned = codes & (format_.sign_code - 1)
    special = (unsigned > format_.max_code) | (codes == format_.nan_code)
    infinite = unsigned == (-1 if format_.inf_code is None else format_.inf_code)
    return np.where(infinite, np.copysign(np.inf, numbers), np.where(special, np.nan, numbers))


@np.errstate(all="ignore")
def encode(
    x: ArrayLike,
    format_: Format,
    rounding: Rounding = Rounding.RNE,
    overflow: Overflow = Overflow.SATURATE,
    *,
    random: ArrayLike | None = None,
    random_bits: int = 0,
) -> Array:
    """Codes of the numbers that values round to: `fp8mac.sim.exact.codecs.encode` on arrays.

    Parameters
    ----------
    x : array_like of float
        Numbers of any integer or float type, each rounded once. Any shape.
    format_ : FloatFormat or IntFormat
        Format of the codes.
    rounding : Rounding
        ``STOCHASTIC`` adds ``random * 2**-random_bits`` ulp to the magnitude and truncates.
    overflow : Overflow
        As in `fp8mac.sim.exact.codecs.encode`; infinities saturate as well.
    random : array_like of int
        Random numbers of ``STOCHASTIC``, of a shape that broadcasts to that of ``x``.
    random_bits : int
        Their width, at most 32.

    Returns
    -------
    ndarray of uint8, uint16 or uint32
        Same shape; the smallest type that holds a code.

    Raises
    ------
    ValueError
        If a value has no code (NaN where there is none, an infinity that should wrap), a random
        number does not fit, or there are no real numbers: masked, complex or other objects.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> encode([1.0, -0.0, 1e9, float("nan")], parse_format("e4m3"))
    array([ 56, 128, 126, 127], dtype=uint8)
    """
    random_bits = whole(random_bits, "random_bits")
    array = numbers_of(x, format_, rounding, overflow, random_bits)
    noise = noise_of(random, random_bits, array.shape) if rounding is Rounding.STOCHASTIC else None
    out = np.empty(array.shape, code_dtype(format_.bits))
    if isinstance(format_, IntFormat):
        for source, target, bits in _blocks(array, out, noise):
            target[:] = round_integers(
                source, format_, rounding, overflow, random=bits, random_bits=random_bits
            )
        return out
    if overflow is Overflow.WRAP:
        raise FormatError(f"{format_.name} cannot wrap.")
    rule = EncodingRule.of(format_, array.dtype, rounding, overflow)
    kernels = _compiled(array.size) if noise is None else None
    if kernels is not None:
        kernels.encode(np.ascontiguousarray(array, rule.dtype).reshape(-1), out.reshape(-1), rule)
        return out
    work = np.empty((4, BLOCK), rule.integer)
    for source, target, bits in _blocks(array, out, noise):
        values = source.astype(rule.dtype, copy=False)
        if bits is None:
            rule.encode(values, target, work)
        else:
            rule.stochastic(values, target, bits, random_bits)
    return out


@np.errstate(all="ignore")
def round_to(
    x: ArrayLike,
    format_: Format,
    rounding: Rounding = Rounding.RNE,
    overflow: Overflow = Overflow.SATURATE,
    *,
    random: ArrayLike | None = None,
    random_bits: int = 0,
) -> Array:
    """Values of ``encode(x, ...)``: the numbers of a format that are nearest to given ones.

    Parameters and errors are those of `encode`.

    Returns
    -------
    ndarray of float32 or float64
        The type of ``x`` if it is one of these, else float64.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> round_to([0.1, 3.3, -1000], parse_format("e4m3"))
    array([ 1.015625e-01,  3.250000e+00, -4.480000e+02])
    """
    random_bits = whole(random_bits, "random_bits")
    array = numbers_of(x, format_, rounding, overflow, random_bits)
    saturates = isinstance(format_, FloatFormat) and overflow is Overflow.SATURATE
    if saturates and rounding in (Rounding.RNE, Rounding.RTZ):
        rule = EncodingRule.of(format_, array.dtype, rounding, overflow)
        if rule.dtype == array.dtype:
            out = np.empty(array.shape, array.dtype)
            kernels = _compiled(array.size)
            if kernels is not None:
                kernels.saturate(np.ascontiguousarray(array).reshape(-1), out.reshape(-1), rule)
                return out
            work = np.empty((4, BLOCK), rule.integer)
            for source, target, _ in _blocks(array, out, None):
                rule.saturated(source, target, work)
            return out
    codes = encode(array, format_, rounding, overflow, random=random, random_bits=random_bits)
    return decode(codes, format_, array.dtype.type)


def _blocks(
    array: Array, out: Array, noise: Array | None
) -> Iterator[tuple[Array, Array, Array | None]]:
    """Pieces of what is read, written and random."""
    source, target = array.reshape(-1), out.reshape(-1)
    random = None if noise is None else noise.reshape(-1)
    for start in range(0, source.size, BLOCK):
        piece = slice(start, start + BLOCK)
        yield source[piece], target[piece], None if random is None else random[piece]
