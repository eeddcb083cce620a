"""Rounding to a float format in numpy: constants and passes over a block of numbers.

Adding a power of two rounds: the last bit of the sum weighs one ulp of the format, and the
processor's own rounding to nearest even does the work; what the sum has more than the power of two
is the significand, hidden bit included::

    magic     2**(e + carrier's mantissa bits - format's)     1000000000000000000
    |x|       2**e <= |x| < 2**(e + 1), or smaller                        1xxxx|xxx
    sum                                                       1000000000001yyyy
    code      exponent field of e, plus 1yyyy

A pass takes a third of a nanosecond for a number, five times as long if it takes the smaller or
larger of an array and one number: such numbers are arrays here, too.

# Ref: IEEE 754-2019, section 4.3 (rounding)
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FloatFormat, FormatError, Overflow, Rounding

__all__ = ["BLOCK", "EncodingRule", "code_dtype"]

Array = NDArray[Any]

BLOCK = 32768  # elements: all temporary arrays stay in the second cache


def code_dtype(bits: int) -> np.dtype[Any]:
    """Smallest unsigned integer type for codes of up to 64 bits."""
    return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if 8 * size >= bits)}")


class _Arrays(NamedTuple):
    """Numbers as arrays of `BLOCK` elements."""

    clamp: Array
    smallest: Array
    most: Array  # codes without sign
    maximum: Array
    offset: Array  # of one element, as the next
    sign: Array


@dataclass(frozen=True)
class EncodingRule:
    """Constants of a float format in the carrier ``dtype``, as bit patterns of it."""

    format_: FloatFormat
    rounding: Rounding
    overflow: Overflow
    dtype: np.dtype[Any]
    integer: np.dtype[Any]
    mantissa_bits: int  # of the carrier
    shift: Any  # mantissa bits that the carrier has more
    magnitude_mask: Any
    exponent_mask: Any
    top: Any  # 2**emax
    clamp: Any  # 2**(emax + 1), which is out of range
    smallest: Any  # 2**emin
    step: Any  # from 2**e to the magic number of e
    offset: Any  # exponent field of emin, in codes
    inf: Any

    @classmethod
    @lru_cache(maxsize=64)
    def of(
        cls, format_: FloatFormat, dtype: np.dtype[Any], rounding: Rounding, overflow: Overflow
    ) -> "EncodingRule":
        """Rule for numbers of type ``dtype``, in the narrowest carrier that is exact."""
        mantissa_bits, exponent_bits = (23, 8) if dtype == np.float32 else (52, 11)
        bias = (1 << (exponent_bits - 1)) - 1
        shift = mantissa_bits - format_.mantissa_bits
        fits = format_.emax + 1 + shift <= bias and format_.emin >= 1 - bias and shift > 0
        if dtype == np.float32 and (not fits or rounding is Rounding.STOCHASTIC):
            return cls.of(format_, np.dtype(np.float64), rounding, overflow)
        assert fits
        integer = np.dtype(f"u{dtype.itemsize}")
        exponents = (1 << exponent_bits) - 1
        return cls(
            format_=format_,
            rounding=rounding,
            overflow=overflow,
            dtype=dtype,
            integer=integer,
            mantissa_bits=mantissa_bits,
            shift=integer.type(shift),
            magnitude_mask=integer.type((1 << (8 * dtype.itemsize - 1)) - 1),
            exponent_mask=integer.type(exponents << mantissa_bits),
            top=integer.type(format_.emax + bias << mantissa_bits),
            clamp=integer.type(format_.emax + 1 + bias << mantissa_bits),
            smallest=integer.type(format_.emin + bias << mantissa_bits),
            step=integer.type(shift << mantissa_bits),
            offset=integer.type(format_.emin + bias + shift << format_.mantissa_bits),
            inf=integer.type(exponents << mantissa_bits),
        )

    @property
    def saturates(self) -> bool:
        """Whether what is out of range becomes the largest number."""
        return self.overflow is Overflow.SATURATE or not self.format_.has_nan

    @property
    def most(self) -> int:
        """Largest code without sign that a number becomes: infinity, else NaN; or a number."""
        stops = self.rounding is Rounding.RTZ and self.overflow is not Overflow.TO_INF
        return self.format_.max_code + (not self.saturates and not stops)

    def nan_code(self) -> int:
        """Code of NaN, or an error."""
        if self.format_.nan_code is None:
            raise FormatError(f"{self.format_.name} has no code for NaN.")
        return self.format_.nan_code

    @cached_property
    def _arrays(self) -> _Arrays:
        narrow = code_dtype(self.format_.bits)
        return _Arrays(
            clamp=np.full(BLOCK, self.clamp),
            smallest=np.full(BLOCK, self.smallest),
            most=np.full(BLOCK, self.most, narrow),
            maximum=np.full(BLOCK, float(self.format_.max), self.dtype),
            offset=np.array(self.offset).astype(narrow),
            sign=np.array(self.format_.sign_code, narrow),
        )

    def _magic(self, magnitude: Array, magic: Array) -> Any:
        """Magic numbers for magnitudes, which are clamped, as patterns; the largest power of two.

        What only numbers near the end of the range need is left out where there are none.
        """
        np.bitwise_and(magnitude, self.exponent_mask, out=magic)
        top = magic.max(initial=0)
        if top >= self.clamp:
            for each in (magnitude, magic):
                np.minimum(each, self._arrays.clamp[: each.size], out=each)
        np.maximum(magic, self._arrays.smallest[: magic.size], out=magic)
        np.add(magic, self.step, out=magic)
        return top

    def saturated(self, x: Array, out: Array, work: Array) -> None:
        """Rounded values, to nearest even or toward zero, into ``out``.

        ``work`` has the shape (4, `BLOCK`) and the type ``integer``.
        """
        size, bits = x.size, x.view(self.integer)
        magnitude, magic = work[0, :size], work[1, :size]
        number, power = magnitude.view(self.dtype), magic.view(self.dtype)
        np.bitwise_and(bits, self.magnitude_mask, out=magnitude)
        top = self._magic(magnitude, magic)
        np.add(number, power, out=out)
        np.subtract(out, power, out=out)
        if self.rounding is Rounding.RTZ:
            np.multiply(power, self.dtype.type(2.0**-self.mantissa_bits), out=power)  # an ulp
            np.multiply(power, out > number, out=power)
            np.subtract(out, power, out=out)
        if top >= self.top:
            np.minimum(out, self._arrays.maximum[:size], out=out)
        signs = np.bitwise_and(bits, ~self.magnitude_mask, out=magic)
        if not self.format_.has_negative_zero:
            signs[out == 0] = 0
        target = out.view(self.integer)
        np.bitwise_or(target, signs, out=target)
        if top == self.inf:
            self.set_special_values(x, out)

    def set_special_values(self, x: Array, out: Array) -> None:
        """Values of infinities and NaN, saturated."""
        nan, infinite = np.isnan(x), np.isinf(x)
        out[infinite] = np.copysign(float(self.format_.max), x[infinite])
        if nan.any():
            self.nan_code()
            out[nan] = np.nan

    def encode(self, x: Array, out: Array, work: Array) -> None:
        """Codes, not rounded stochastically, into ``out``; ``work`` as of `saturated`."""
        size = x.size
        magnitude, magic, total, spare = (row[:size] for row in work)
        number, power = magnitude.view(self.dtype), magic.view(self.dtype)
        np.bitwise_and(x.view(self.integer), self.magnitude_mask, out=magnitude)
        top = self._magic(magnitude, magic)
        rounded = np.add(number, power, out=total.view(self.dtype))
        above = inexact = None
        if self.rounding is not Rounding.RNE:
            nearest = np.subtract(rounded, power, out=spare.view(self.dtype))
            above = nearest > number
            inexact = nearest != number if self.rounding is Rounding.ODD else None
        # The exponent field is brought to its place; the significand is in the lower bits.
        if self.format_.precision < self.shift and out.itemsize < total.itemsize:
            np.right_shift(total, self.shift, out=magic)
        else:
            np.subtract(total, magic, out=total)
            np.right_shift(magic, self.shift, out=magic)
        np.add(total, magic, out=total)
        np.copyto(out, total, casting="unsafe")  # no code without sign takes more bits
        np.subtract(out, self._arrays.offset, out=out)
        if above is not None:
            np.subtract(out, above.view(np.uint8), out=out)
        if inexact is not None:
            np.bitwise_or(out, inexact.view(np.uint8), out=out)
        if top >= self.top:
            np.minimum(out, self._arrays.most[:size], out=out)
        self._set_signs(x, out)
        if top == self.inf:
            self.set_special(x, out)

    def _set_signs(self, x: Array, out: Array) -> None:
        """Add signs to codes, but not to what has none."""
        format_ = self.format_
        negative = np.signbit(x)
        if not format_.has_negative_zero:
            negative &= out != 0
        if not self.saturates and not format_.has_inf:
            negative &= out <= format_.max_code
        signs = negative.view(np.uint8).astype(out.dtype, copy=False)
        np.negative(signs, out=signs)  # all bits, or none
        np.bitwise_and(signs, self._arrays.sign, out=signs)
        np.bitwise_or(out, signs, out=out)

    def set_special(self, x: Array, out: Array) -> None:
        """Codes of infinities and NaN."""
        format_, infinite, nan = self.format_, np.isinf(x), np.isnan(x)
        code = format_.max_code + (not self.saturates)
        signed = self.saturates or format_.has_inf
        out[infinite] = code + format_.sign_code * (signed & (x[infinite] < 0))
        if nan.any():
            out[nan] = self.nan_code()

    def stochastic(self, x: Array, out: Array, random: Array, random_bits: int) -> None:
        """Codes, up or down as random numbers say, into ``out``; the carrier is float64."""
        magnitude = x.view(self.integer) & self.magnitude_mask
        bits = np.minimum(magnitude, self.clamp).view(np.int64)
        exponents = bits >> self.mantissa_bits
        significand = bits & ((1 << self.mantissa_bits) - 1)
        significand |= (exponents > 0).astype(np.int64) << self.mantissa_bits
        emin = int(self.smallest) >> self.mantissa_bits
        shift = np.minimum(int(self.shift) + np.maximum(emin - exponents, 0), 62)
        integer = significand >> shift
        rest = significand - (integer << shift)
        right = shift - random_bits
        rest = rest << np.maximum(-right, 0) >> np.maximum(right, 0)
        code = (np.maximum(exponents - emin, 0) << self.format_.mantissa_bits) + integer
        code += rest + random >> random_bits
        out[:] = np.minimum(code, self.format_.max_code + (not self.saturates))
        self._set_signs(x, out)
        if not np.isfinite(x).all():
            self.set_special(x, out)
