"""Arrays of numbers to codes of any format and back: the twin of `fp8mac.sim.exact` on arrays.

Adding a power of two rounds: the last bit of the sum weighs one ulp of the format, and the
processor's own rounding to nearest even does the work; what the sum has more than the power of two
is the significand, hidden bit included::

    magic     2**(e + carrier's mantissa bits - format's)     1000000000000000000
    |x|       2**e <= |x| < 2**(e + 1), or smaller                        1xxxx|xxx
    sum                                                       1000000000001yyyy
    code      exponent field of e, plus 1yyyy

# Ref: IEEE 754-2019, section 4.3 (rounding)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.formats import FloatFormat, Format, IntFormat, Overflow, Rounding
from fp8mac.sim import vectors

__all__ = ["code_dtype", "decode", "encode", "has_numba", "in_units", "round_to"]

Array = NDArray[Any]

_MANY = 20_000  # numbers that make compiled kernels worth their import
_BLOCK = 8192  # elements: all temporary arrays stay in the first two caches


def code_dtype(bits: int) -> np.dtype[Any]:
    """Smallest unsigned integer type for codes of up to 64 bits."""
    return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if 8 * size >= bits)}")


def decode(codes: ArrayLike, format_: Format, dtype: type = np.float64) -> Array:
    """Values of codes, exactly.

    Parameters
    ----------
    codes : array_like of int
        Codes of ``format_``; any shape.
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
    >>> from fp8mac.hw.formats import parse_format
    >>> decode([0x38, 0xFE, 0x7F], parse_format("e4m3"))
    array([   1., -448.,   nan])
    """
    array = np.asarray(codes)
    if array.dtype.kind not in "ui":
        raise ValueError(f"Codes are integers, not {array.dtype}.")
    full = array.dtype.kind == "u" and 8 * array.dtype.itemsize == format_.bits
    if array.size and not full:
        for extreme in (array.min(), array.max()):
            if int(extreme) >> format_.bits:
                raise ValueError(
                    f"{format_.name} has the codes 0 to {2**format_.bits - 1}, not {extreme}."
                )
    if format_.bits <= 16:
        return _looked_up(array, _table(format_, np.dtype(dtype).name, 0))
    return _values(format_, array).astype(dtype, copy=False)


def in_units(codes: Array, format_: Format, dtype: type) -> Array:
    """Values of codes in units of ``2**format_.lsb_exponent``; unlike `decode` without checks."""
    size = codes.dtype.itemsize
    if isinstance(format_, IntFormat) and format_.bits == 8 * size:
        return codes.view(f"i{size}").astype(dtype)
    if format_.bits <= 16:
        return _looked_up(codes, _table(format_, np.dtype(dtype).name, -format_.lsb_exponent))
    return np.ldexp(_values(format_, codes), -format_.lsb_exponent).astype(dtype)


@lru_cache(maxsize=64)
def _table(format_: Format, dtype: str, shift: int) -> Array:
    table = np.ldexp(_values(format_, np.arange(1 << format_.bits)), shift).astype(dtype)
    table.flags.writeable = False
    return table


def _looked_up(codes: Array, table: Array) -> Array:
    kernels = _compiled(codes.size)
    if kernels is None:
        return table.take(codes.astype(np.intp, copy=False), mode="clip")  # in range
    out = np.empty(codes.shape, table.dtype)
    kernels.look_up(np.ascontiguousarray(codes).reshape(-1), table, out.reshape(-1))
    return out


def _compiled(size: int) -> Any:
    """The compiled kernels, where they are worth it: there are many numbers, and numba."""
    if size < _MANY or not has_numba():
        return None
    return import_module("fp8mac.sim.encoding_numba")


@lru_cache
def has_numba() -> bool:
    """Whether kernels can be compiled."""
    return find_spec("numba") is not None


def _values(format_: Format, codes: Array) -> NDArray[np.float64]:
    numbers = vectors.values(format_, codes.astype(np.uint64))
    if not isinstance(format_, FloatFormat) or not format_.has_nan:
        return numbers
    unsigned = codes & (format_.sign_code - 1)
    special = (unsigned > format_.max_code) | (codes == format_.nan_code)
    infinite = unsigned == (-1 if format_.inf_code is None else format_.inf_code)
    return np.where(infinite, np.copysign(np.inf, numbers), np.where(special, np.nan, numbers))


def encode(
    x: ArrayLike,
    format_: Format,
    rounding: Rounding = Rounding.RNE,
    overflow: Overflow = Overflow.SATURATE,
    *,
    random: ArrayLike | None = None,
    random_bits: int = 0,
) -> Array:
    """Codes of the numbers that values round to: `fp8mac.sim.exact.encode` on arrays.

    Parameters
    ----------
    x : array_like of float
        ``float32`` or ``float64``; other types are converted to ``float64``. Any shape.
    format_ : FloatFormat or IntFormat
        Format of the codes.
    rounding : Rounding
        ``STOCHASTIC`` adds ``random * 2**-random_bits`` ulp to the magnitude and truncates.
    overflow : Overflow
        As in `fp8mac.sim.exact.encode`; infinities saturate as well.
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
        If a value has no code (NaN where there is none, an infinity that should wrap), or a random
        number does not fit.

    Examples
    --------
    >>> from fp8mac.hw.formats import parse_format
    >>> encode([1.0, -0.0, 1e9, float("nan")], parse_format("e4m3"))
    array([ 56, 128, 126, 127], dtype=uint8)
    """
    array = _floats(x)
    noise = _noise(random, random_bits, array.shape) if rounding is Rounding.STOCHASTIC else None
    out = np.empty(array.shape, code_dtype(format_.bits))
    if isinstance(format_, IntFormat):
        for source, target, bits in _blocks(array, out, noise):
            target[:] = _integers(
                source, format_, rounding, overflow, random=bits, random_bits=random_bits
            )
        return out
    if overflow is Overflow.WRAP:
        raise ValueError(f"{format_.name} cannot wrap.")
    rule = _Rule.of(format_, array.dtype.name, rounding, overflow)
    kernels = _compiled(array.size) if noise is None else None
    if kernels is not None:
        source = np.ascontiguousarray(array, rule.dtype).reshape(-1)
        if kernels.encode(source, out.reshape(-1), rule):
            rule.nan_code()
        return out
    for source, target, bits in _blocks(array, out, noise):
        values = source.astype(rule.dtype, copy=False)
        target[:] = rule.codes(values, bits, random_bits)
    return out


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
        The type of ``x``.

    Examples
    --------
    >>> from fp8mac.hw.formats import parse_format
    >>> round_to([0.1, 3.3, -1000], parse_format("e4m3"))
    array([ 1.015625e-01,  3.250000e+00, -4.480000e+02])
    """
    array = _floats(x)
    if isinstance(format_, FloatFormat) and rounding is Rounding.RNE:
        rule = _Rule.of(format_, array.dtype.name, rounding, overflow)
        if rule.dtype == array.dtype and overflow is Overflow.SATURATE:
            out = np.empty(array.shape, array.dtype)
            kernels = _compiled(array.size)
            if kernels is not None:
                if kernels.saturate(np.ascontiguousarray(array).reshape(-1), out.reshape(-1), rule):
                    rule.nan_code()
                return out
            for source, target, _ in _blocks(array, out, None):
                rule.saturated(source, target)
            return out
    codes = encode(array, format_, rounding, overflow, random=random, random_bits=random_bits)
    return decode(codes, format_, array.dtype.type)


def _floats(x: ArrayLike) -> Array:
    array = np.asarray(x)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _noise(random: ArrayLike | None, bits: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    if random is None or not 0 <= bits <= 32:
        raise ValueError("Stochastic rounding takes random numbers of 0 to 32 bits.")
    noise = np.broadcast_to(np.asarray(random), shape).astype(np.int64)
    if noise.size and (noise.min() < 0 or int(noise.max()) >> bits):
        raise ValueError(f"Random numbers of {bits} bits are 0 to {2**bits - 1}.")
    return noise


def _blocks(
    array: Array, out: Array, noise: Array | None
) -> Iterator[tuple[Array, Array, Array | None]]:
    """Pieces of what is read, written and random."""
    source, target = array.reshape(-1), out.reshape(-1)
    random = None if noise is None else noise.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        piece = slice(start, start + _BLOCK)
        yield source[piece], target[piece], None if random is None else random[piece]


@dataclass(frozen=True)
class _Rule:
    """Constants of a float format in the carrier ``dtype``, as bit patterns of it."""

    format_: FloatFormat
    rounding: Rounding
    overflow: Overflow
    dtype: np.dtype[Any]
    integer: np.dtype[Any]
    mantissa_bits: int  # of the carrier
    shift: int  # mantissa bits that the carrier has more
    magnitude_mask: Any
    exponent_mask: Any
    clamp: Any  # 2**(emax + 1), which is out of range
    smallest: Any  # 2**emin
    step: Any  # from 2**e to the magic number of e
    offset: Any  # exponent field of emin, in codes
    inf: Any

    @classmethod
    @lru_cache(maxsize=64)
    def of(
        cls, format_: FloatFormat, dtype: str, rounding: Rounding, overflow: Overflow
    ) -> "_Rule":
        """Rule for numbers of type ``dtype``, in the narrowest carrier that is exact."""
        mantissa_bits, exponent_bits = (23, 8) if dtype == "float32" else (52, 11)
        bias = (1 << (exponent_bits - 1)) - 1
        shift = mantissa_bits - format_.mantissa_bits
        fits = format_.emax + 1 + shift <= bias and format_.emin >= 1 - bias and shift > 0
        if dtype == "float32" and (not fits or rounding is Rounding.STOCHASTIC):
            return cls.of(format_, "float64", rounding, overflow)
        assert fits
        carrier = np.dtype(dtype)
        integer = np.dtype(f"u{carrier.itemsize}")
        one = integer.type(1)
        exponents = (1 << exponent_bits) - 1
        return cls(
            format_=format_,
            rounding=rounding,
            overflow=overflow,
            dtype=carrier,
            integer=integer,
            mantissa_bits=mantissa_bits,
            shift=shift,
            magnitude_mask=integer.type((1 << (8 * carrier.itemsize - 1)) - 1),
            exponent_mask=integer.type(exponents << mantissa_bits),
            clamp=integer.type(format_.emax + 1 + bias << mantissa_bits),
            smallest=integer.type(format_.emin + bias << mantissa_bits),
            step=one * integer.type(shift << mantissa_bits),
            offset=integer.type(format_.emin + bias + shift << format_.mantissa_bits),
            inf=integer.type(exponents << mantissa_bits),
        )

    def _magic(self, magnitude: Array) -> Array:
        """Magic numbers, as patterns, for magnitudes as patterns."""
        magic = magnitude & self.exponent_mask
        np.maximum(magic, self.smallest, out=magic)
        magic += self.step
        return magic

    def saturated(self, x: Array, out: Array) -> None:
        """Rounded values, to nearest even, into ``out``."""
        bits, target = x.view(self.integer), out.view(self.integer)
        magnitude = bits & self.magnitude_mask
        top = magnitude.max(initial=0)
        np.minimum(magnitude, self.clamp, out=magnitude)
        magic = self._magic(magnitude).view(self.dtype)
        np.add(magnitude.view(self.dtype), magic, out=out)
        out -= magic
        np.minimum(out, self.dtype.type(float(self.format_.max)), out=out)
        sign = np.bitwise_and(bits, ~self.magnitude_mask, out=magnitude)
        if not self.format_.has_negative_zero:
            sign[out == 0] = 0
        target |= sign
        if top > self.inf:
            self.nan_code()
            out[np.isnan(x)] = np.nan

    def codes(self, x: Array, random: Array | None, random_bits: int) -> Array:
        """Codes of a block."""
        format_ = self.format_
        bits = x.view(self.integer)
        magnitude = bits & self.magnitude_mask
        top = magnitude.max(initial=0)
        special = top >= self.inf
        infinite = magnitude == self.inf if special else None
        np.minimum(magnitude, self.clamp, out=magnitude)
        if random is None:
            code = self._rounded(magnitude)
        else:
            code = self._stochastic(magnitude, random, random_bits)
        beyond = self.integer.type(format_.max_code)
        saturates = self.overflow is Overflow.SATURATE or not format_.has_nan
        if not saturates and self.rounding is not Rounding.RTZ:
            beyond += self.integer.type(1)  # infinity, else NaN
        np.minimum(code, beyond, out=code)
        if infinite is not None and not saturates:
            code[infinite] = format_.max_code + 1
        bits = bits >> self.integer.type(8 * self.dtype.itemsize - format_.bits)
        bits &= self.integer.type(format_.sign_code)
        if not format_.has_negative_zero:
            bits[code == 0] = 0
        if not saturates and not format_.has_inf:
            bits[code > format_.max_code] = 0
        code |= bits
        if top > self.inf:
            code[np.isnan(x)] = self.nan_code()
        return code

    def nan_code(self) -> int:
        """Code of NaN, or an error."""
        if self.format_.nan_code is None:
            raise ValueError(f"{self.format_.name} has no code for NaN.")
        return self.format_.nan_code

    def _rounded(self, magnitude: Array) -> Array:
        """Codes without sign, to nearest even or toward zero."""
        magic = self._magic(magnitude)
        total = magnitude.view(self.dtype) + magic.view(self.dtype)
        code = total.view(self.integer)
        lower = None
        if self.rounding is Rounding.RTZ:
            lower = total - magic.view(self.dtype) > magnitude.view(self.dtype)
        code -= magic
        magic >>= self.integer.type(self.shift)
        magic -= self.offset
        code += magic
        if lower is not None:
            code -= lower
        return code

    def _stochastic(self, magnitude: Array, random: Array, random_bits: int) -> Array:
        """Codes without sign; the carrier is float64."""
        bits = magnitude.view(np.int64)
        field = bits >> self.mantissa_bits
        significand = bits & ((1 << self.mantissa_bits) - 1)
        significand |= (field > 0).astype(np.int64) << self.mantissa_bits
        emin = int(self.smallest) >> self.mantissa_bits
        shift = np.minimum(self.shift + np.maximum(emin - field, 0), 62)
        integer = significand >> shift
        rest = significand - (integer << shift)
        right = shift - random_bits
        rest = rest << np.maximum(-right, 0) >> np.maximum(right, 0)
        code = (np.maximum(field - emin, 0) << self.format_.mantissa_bits) + integer
        return (code + (rest + random >> random_bits)).astype(self.integer)


def _integers(
    x: Array,
    format_: IntFormat,
    rounding: Rounding,
    overflow: Overflow,
    *,
    random: Array | None,
    random_bits: int,
) -> Array:
    """Two's complement of a block."""
    numbers = x.astype(np.float64)
    extreme = np.abs(numbers).max(initial=0)
    if np.isnan(extreme):
        raise ValueError(f"{format_.name} has no code for NaN.")
    largest = float(format_.max)
    smallest = float(format_.symmetric - 2 ** (format_.bits - 1))
    if overflow is not Overflow.WRAP:
        numbers = np.clip(numbers, smallest, largest)
    elif np.isinf(extreme):
        raise ValueError(f"An infinity cannot wrap in {format_.name}.")
    else:
        numbers = np.fmod(numbers, 2.0 ** (format_.bits + 1))  # one bit more than rounding needs
    if random is not None:
        magnitude = np.abs(numbers)
        integer = np.floor(magnitude)
        rest = np.floor(np.ldexp(magnitude - integer, random_bits)) + random
        numbers = np.copysign(integer + (rest >= 2.0**random_bits), numbers)
    elif rounding is Rounding.RNE:
        np.rint(numbers, out=numbers)
    else:
        np.trunc(numbers, out=numbers)
    return numbers.astype(np.int64) & ((1 << format_.bits) - 1)
