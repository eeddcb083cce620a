"""Codes of any format to exact values, and exact values rounded once to codes.

# Ref: IEEE 754-2019, sections 3.4 (encodings), 4.3 (rounding), 7.4 (overflow)
# Ref: OCP 8-bit Floating Point Specification (OFP8), revision 1.0 (conversion, saturation)
"""

from functools import lru_cache

from fp8mac.hw.config.accumulators import IntAccConfig, KulischConfig
from fp8mac.hw.config.formats import FloatFormat, Format, FormatError, Overflow, Rounding
from fp8mac.sim.exact.values import NAN, Kind, Value

__all__ = ["REGISTERS", "FixedPointCodec", "FloatCodec", "codec", "decode", "encode"]

# Plain globals: several times faster to read than members of a class.
_INF, _NAN = Kind.INF, Kind.NAN
_RNE, _RTZ, _STOCHASTIC = Rounding.RNE, Rounding.RTZ, Rounding.STOCHASTIC
_ODD = Rounding.ODD
_SATURATE, _WRAP, _TO_INF = Overflow.SATURATE, Overflow.WRAP, Overflow.TO_INF


def _round(
    magnitude: int, shift: int, rounding: Rounding, random: int | None, random_bits: int
) -> int:
    """Integer that ``magnitude * 2**-shift`` rounds to; stochastic: see `encode`."""
    if rounding is _STOCHASTIC and (random is None or random >> random_bits):
        raise ValueError(f"{random} is not a random number of {random_bits} bits.")
    if shift <= 0:
        return magnitude << -shift
    integer = magnitude >> shift
    fraction = magnitude - (integer << shift)  # in units of 2**-shift
    if rounding is _RNE:
        half = 1 << (shift - 1)
        return integer + (fraction > half or (fraction == half and integer & 1))
    if rounding is _RTZ:
        return integer
    if rounding is _ODD:
        return integer | (fraction > 0)
    assert random is not None
    return integer + ((fraction << random_bits) + (random << shift) >> (shift + random_bits))


class FloatCodec:
    """Decoder and encoder of a float format.

    ::

        | sign | exponent field e | mantissa m |

        e = 0    m                      * 2**lsb_exponent             zero, subnormal numbers
        e > 0    (2**mantissa_bits + m) * 2**(lsb_exponent + e - 1)   normal numbers
                 unless the code is an infinity or NaN, see `Specials`

    Parameters
    ----------
    format : FloatFormat
        Format of the codes.
    subnormals : bool
        Where False, subnormal codes are decoded as zero, and numbers below the smallest normal one
        become zero before they are rounded. Signs are kept.
    """

    def __init__(self, format: FloatFormat, subnormals: bool = True) -> None:
        # Copied, because the properties of a format are computed at every access.
        self.name, self.bits, self.mantissa_bits = format.name, format.bits, format.mantissa_bits
        self.emin, self.lsb_exponent = format.emin, format.lsb_exponent
        self.sign_code, self.max_code = format.sign_code, format.max_code
        self.inf_code, self.nan_code = format.inf_code, format.nan_code
        self.has_negative_zero, self.subnormals = format.has_negative_zero, subnormals

    def decode(self, code: int) -> Value:
        """Value of a code; the function `decode` says more."""
        if code >> self.bits:  # of negative numbers too
            raise FormatError(f"{self.name} has the codes 0 to {2**self.bits - 1}, not {code}.")
        sign = int(code >= self.sign_code)
        unsigned = code - self.sign_code if sign else code
        if unsigned > self.max_code or code == self.nan_code:
            return Value(sign, 0, 0, _INF) if unsigned == self.inf_code else NAN
        exponent_field = unsigned >> self.mantissa_bits
        mantissa = unsigned - (exponent_field << self.mantissa_bits)
        if exponent_field:
            hidden_bit = 1 << self.mantissa_bits
            return Value(sign, hidden_bit + mantissa, self.lsb_exponent + exponent_field - 1)
        return Value(sign, mantissa if self.subnormals else 0, self.lsb_exponent)

    def encode(
        self,
        value: Value,
        rounding: Rounding,
        overflow: Overflow,
        random: int | None = None,
        random_bits: int = 0,
    ) -> int:
        """Code of a value; the function `encode` says more."""
        sign, magnitude, exponent, kind = value
        if overflow is _WRAP:
            raise FormatError(f"{self.name} cannot wrap.")
        if kind is _NAN:
            if self.nan_code is None:
                raise FormatError(f"{self.name} has no code for NaN.")
            return self.nan_code
        if kind is _INF:
            return self._beyond(sign, overflow)
        leading_exponent = exponent + magnitude.bit_length() - 1
        if not magnitude or (leading_exponent < self.emin and not self.subnormals):
            return self.sign_code if sign and self.has_negative_zero else 0
        ulp_exponent = max(leading_exponent - self.mantissa_bits, self.lsb_exponent)
        significand = _round(magnitude, ulp_exponent - exponent, rounding, random, random_bits)
        # The hidden bit adds 1 to the exponent field, a carry out of the significand adds 1 more.
        unsigned = ((ulp_exponent - self.lsb_exponent) << self.mantissa_bits) + significand
        if unsigned > self.max_code:
            stops = rounding is _RTZ and overflow is not _TO_INF
            return self._beyond(sign, _SATURATE if stops else overflow)
        if sign and (unsigned or self.has_negative_zero):
            return unsigned + self.sign_code
        return unsigned

    def _beyond(self, sign: int, overflow: Overflow) -> int:
        """Code of an infinity, or of a number out of range."""
        if overflow is _SATURATE or self.nan_code is None:
            return self.max_code + sign * self.sign_code
        return self.nan_code if self.inf_code is None else self.inf_code + sign * self.sign_code


class FixedPointCodec:
    """Decoder and encoder of two's complement in units of ``2**lsb_exponent``.

    Parameters
    ----------
    name : str
        What error messages call it.
    bits : int
        Width of a code.
    lsb_exponent : int
        Weight of the least significant bit, as a power of two.
    symmetric : bool
        Whether numbers saturate at ``-max`` rather than at the most negative code.
    """

    def __init__(
        self, name: str, bits: int, lsb_exponent: int = 0, symmetric: bool = False
    ) -> None:
        self.name, self.bits, self.lsb_exponent = name, bits, lsb_exponent
        self.max, self.min = 2 ** (bits - 1) - 1, -(2 ** (bits - 1)) + symmetric

    def decode(self, code: int) -> Value:
        """Value of a code; zero is +0. The function `decode` says more."""
        if code >> self.bits:  # of negative numbers too
            raise FormatError(f"{self.name} has the codes 0 to {2**self.bits - 1}, not {code}.")
        integer = code if code <= self.max else code - (1 << self.bits)
        return Value(int(integer < 0), abs(integer), self.lsb_exponent)

    def encode(
        self,
        value: Value,
        rounding: Rounding,
        overflow: Overflow,
        random: int | None = None,
        random_bits: int = 0,
    ) -> int:
        """Code of a value; the function `encode` says more."""
        sign, magnitude, exponent, kind = value
        if kind is _NAN:
            raise FormatError(f"{self.name} has no code for NaN.")
        if kind is _INF:
            if overflow is _WRAP:
                raise FormatError(f"An infinity cannot wrap in {self.name}.")
            integer = self.min if sign else self.max
        else:
            shift = self.lsb_exponent - exponent
            integer = _round(magnitude, shift, rounding, random, random_bits)
            integer = -integer if sign else integer
            if overflow is not _WRAP:
                integer = min(max(integer, self.min), self.max)
        return integer & ((1 << self.bits) - 1)


REGISTERS: dict[type, type[FixedPointCodec]] = {
    KulischConfig: FixedPointCodec,
    IntAccConfig: FixedPointCodec,
}
"""Codecs of accumulators that are not floats, by their classes."""


@lru_cache
def codec(format: Format, subnormals: bool = True) -> FloatCodec | FixedPointCodec:
    """Decoder and encoder of a format; ``subnormals`` concerns floats, see `FloatCodec`."""
    if isinstance(format, FloatFormat):
        return FloatCodec(format, subnormals)
    return FixedPointCodec(format.name, format.bits, symmetric=format.symmetric)


def decode(format: Format, code: int) -> Value:
    """Value of a code, exactly.

    Raises
    ------
    ValueError
        If the format has no such code.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> decode(parse_format("e4m3"), 0x7E).fraction, decode(parse_format("e4m3"), 0x7F).kind
    (Fraction(448, 1), <Kind.NAN: 'nan'>)
    """
    return codec(format).decode(code)


def encode(
    format: Format,
    value: Value,
    rounding: Rounding = Rounding.RNE,
    overflow: Overflow = Overflow.SATURATE,
    *,
    random: int | None = None,
    random_bits: int = 0,
) -> int:
    """Code of the number that a value rounds to.

    ===================  =======================================  ================  ===========
    value                ``TO_SPECIAL``                           ``SATURATE``      ``WRAP``
    ===================  =======================================  ================  ===========
    number out of range  special; toward zero: largest number     largest number    ints: modulo
    infinity             special                                  largest number    error
    NaN                  NaN                                      NaN               error
    ===================  =======================================  ================  ===========

    ``TO_INF`` is ``TO_SPECIAL``, but for numbers out of range that are rounded toward zero, too.
    *Special* is infinity; NaN where the format has no infinity; the largest number where it has
    neither, as integers. Whether a number is out of range is decided after it was rounded as if
    exponents had no bound. NaN is `FloatFormat.nan_code`; zero keeps its sign if there is a -0.

    Parameters
    ----------
    format : FloatFormat or IntFormat
        Format of the code.
    value : Value
        Exact value.
    rounding : Rounding
        ``STOCHASTIC`` adds ``random * 2**-random_bits`` ulp to the magnitude and truncates.
    overflow : Overflow
        See the table; ``SATURATE`` by default, as everywhere; ``WRAP`` is for integers.
    random, random_bits : int
        The random number of ``STOCHASTIC``, and its width.

    Raises
    ------
    ValueError
        If the value has no code, or the random number does not fit.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> e4m3 = parse_format("e4m3")
    >>> hex(encode(e4m3, Value.of(464))), hex(encode(e4m3, Value.of(465)))  # both 448
    ('0x7e', '0x7e')
    >>> hex(encode(e4m3, Value.of(465), overflow=Overflow.TO_SPECIAL))  # NaN
    '0x7f'
    """
    return codec(format).encode(value, rounding, overflow, random, random_bits)
