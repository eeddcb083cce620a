"""What users hand in: arrays of codes, arrays of numbers, counts; each taken exactly or refused."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.accumulators import ConfigError, integer
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.formats import (
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    parse_format,
)
from fp8mac.sim.codes.encoding_rule import code_dtype

__all__ = ["InputError", "as_array", "codes_of", "noise_of", "numbers_of", "whole"]

Array = NDArray[Any]

_CARRIER = 53  # bits of a float64
_DTYPES = {
    "float4_e2m1fn": "e2m1",
    "float6_e2m3fn": "e2m3",
    "float6_e3m2fn": "e3m2",
    "float8_e3m4": "e3m4",
    "float8_e4m3": "e4m3ieee",
    "float8_e4m3b11fnuz": "e4m3b11fnuz",
    "float8_e4m3fn": "e4m3",
    "float8_e4m3fnuz": "e4m3fnuz",
    "float8_e5m2": "e5m2",
    "float8_e5m2fnuz": "e5m2fnuz",
    "bfloat16": "bf16",
    "float16": "fp16",
    "float32": "fp32",
    "int2": "int2",
    "int4": "int4",
}
"""Formats of the types of ``ml_dtypes``, and of numpy, whose bits are codes."""


class InputError(Error, ValueError):
    """An array or a number that cannot be taken; the message is one sentence for the user."""


def whole(value: Any, name: str) -> int:
    """An integer of Python or of numpy.

    Raises
    ------
    InputError
        If it is anything else, a bool included.
    """
    try:
        return integer(value, name)
    except ConfigError as error:
        raise InputError(str(error)) from None


def as_array(x: ArrayLike, name: str) -> Array:
    """An array in the byte order of the machine, of which nothing is masked.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array; say with filled() what masked elements are.")
    try:
        array = np.asarray(x)
    except ValueError:
        raise InputError(f"{name} is not an array: its rows differ in length.") from None
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def codes_of(codes: ArrayLike, format_: Format, name: str = "The array") -> Array:
    """Codes of a format: integers, or numbers of a type that has this format, by their bits.

    Raises
    ------
    InputError
        If they are anything else, or the format has no such code.
    """
    array = as_array(codes, name)
    narrow = code_dtype(format_.bits)
    if not array.size:
        return array.astype(narrow)
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "ui":
        known = _DTYPES.get(array.dtype.name)
        if known is None:
            raise InputError(
                f"{name} holds {array.dtype} numbers, not codes of {format_.name}; encode them "
                "first."
            )
        found = parse_format(known)
        if found != format_:
            raise InputError(
                f"{name} holds numbers of {found.name} ({array.dtype}), not codes of "
                f"{format_.name}; encode them first."
            )
        bits = array.view(f"u{size}")
        return bits & bits.dtype.type((1 << format_.bits) - 1)
    if kind == "u" and 8 * size == format_.bits:
        return array
    for extreme in (int(array.min()), int(array.max())):
        if extreme >> format_.bits:
            raise InputError(
                f"{name} holds {extreme}, but {format_.name} has the codes 0 to "
                f"{2**format_.bits - 1}."
            )
    return array if size >= narrow.itemsize else array.astype(narrow)


def numbers_of(
    x: ArrayLike, format_: Format, rounding: Rounding, overflow: Overflow, random_bits: int
) -> Array:
    """Numbers as float32 or float64 that round to ``format_`` as the given ones do.

    What has more than the 53 bits of a float64 is rounded to odd: it keeps the side of every tie of
    a format that has two bits less.

    Raises
    ------
    InputError
        If there are no real numbers, or random numbers have more bits than can be told apart.
    """
    array = as_array(x, "The array")
    if array.dtype in (np.float32, np.float64):
        return array
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f" and size > 8:
        if isinstance(format_, IntFormat) and overflow is Overflow.WRAP:
            rest = np.fmod(array, array.dtype.type(2.0 ** (format_.bits + 1)))
            array = np.where(np.isfinite(array), rest, array)
        magnitude = np.abs(array)
        odd, inexact = _to_odd(magnitude, magnitude.astype(np.float64), np.isfinite(magnitude))
        numbers = np.copysign(odd, array).astype(np.float64)
    elif kind in "iu" and size == 8 and isinstance(format_, IntFormat):
        return _integers(array, format_, overflow)
    elif kind in "iu" and size == 8:
        magnitude = array.view(np.uint64)
        if kind == "i":
            magnitude = np.where(array < 0, np.uint64(0) - magnitude, magnitude)
        odd, inexact = _to_odd(
            magnitude, magnitude.astype(np.float64), np.ones_like(magnitude, bool)
        )
        numbers = np.where(array < 0, -odd, odd)
    elif kind in "biuf" or array.dtype.name.startswith(("float", "bfloat", "int", "uint")):
        return array.astype(np.float64)
    else:
        raise InputError(f"Numbers to encode are integers or floats, not {array.dtype}.")
    most = _CARRIER - 1 - (format_.precision if isinstance(format_, FloatFormat) else format_.bits)
    if rounding is Rounding.STOCHASTIC and random_bits > most and inexact:
        raise InputError(
            f"Stochastic rounding of {array.dtype} numbers to {format_.name} takes at most {most} "
            f"random bits, not {random_bits}."
        )
    return np.asarray(numbers)


def _to_odd(magnitude: Array, nearest: Array, finite: Array) -> tuple[Array, bool]:
    """Magnitudes in float64, rounded to odd; whether any of them is not exact.

    ``nearest`` are the nearest numbers of float64.
    """
    integers = magnitude.dtype.kind == "u"
    beyond = nearest >= 2.0**64 if integers else np.isinf(nearest)
    back = np.where(beyond, 0, nearest).astype(magnitude.dtype)
    inexact = finite & (beyond | (back != magnitude))
    over = inexact & (beyond | (back > magnitude))
    below = np.where(over, np.nextafter(nearest, 0), nearest)
    odd = below.view(np.uint64) | inexact.astype(np.uint64)
    return odd.view(np.float64), bool(np.any(inexact))


def _integers(array: Array, format_: IntFormat, overflow: Overflow) -> Array:
    """Integers of 64 bits, saturated or wrapped into the format, which float64 holds."""
    if overflow is Overflow.WRAP:
        code = array.view(np.uint64) & np.uint64((1 << format_.bits) - 1)
        negative = code >> np.uint64(format_.bits - 1) > 0
        return code.astype(np.float64) - np.where(negative, 2.0**format_.bits, 0.0)
    largest = int(format_.max)
    smallest = 0 if array.dtype.kind == "u" else ~largest + format_.symmetric
    return np.clip(array, smallest, largest).astype(np.float64)


def noise_of(random: ArrayLike | None, bits: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Random numbers of stochastic rounding.

    Raises
    ------
    InputError
        If there are none, or they do not fit.
    """
    bits = whole(bits, "random_bits")
    if random is None or not 0 <= bits <= 32:
        raise InputError("Stochastic rounding takes random numbers of 0 to 32 bits.")
    numbers = as_array(random, "random")
    if numbers.dtype.kind not in "ui" and numbers.size:
        raise InputError(f"Random numbers are integers, not {numbers.dtype}.")
    if numbers.size and (int(numbers.min()) < 0 or int(numbers.max()) >> bits):
        raise InputError(f"Random numbers of {bits} bits are 0 to {2**bits - 1}.")
    try:
        return np.broadcast_to(numbers.astype(np.int64), shape)
    except ValueError:
        raise InputError(
            f"Random numbers of shape {numbers.shape} do not fit numbers of shape {shape}."
        ) from None
