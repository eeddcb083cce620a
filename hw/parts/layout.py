"""What travels between the parts of a unit: decoded operands and exact products.

Exponents are unsigned vectors relative to a *base* that is known when the circuit is built, so that
no part ever adds a bias; ranges are known as well, so that no vector is wider than it has to be.
"""

from dataclasses import dataclass

from amaranth.hdl import Shape, Value, signed
from amaranth.lib import data

from fp8mac.hw.config.formats import Format, IntFormat

__all__ = [
    "NumberLayout",
    "NumberRange",
    "class_bits",
    "magnitude_bits",
    "operand_range",
    "product_range",
    "varying",
]


@dataclass(frozen=True)
class NumberRange:
    """Numbers ``(-1)**sign * significand * 2**(exponent + base)``.

    Parameters
    ----------
    significand_bits : int
        Width of the significand.
    exponent_min, exponent_max : int
        Range of the exponent of nonzero finite numbers.
    base : int
        Added to the exponent.
    has_nan, has_inf : bool
        Whether such operands exist.
    """

    significand_bits: int
    exponent_min: int
    exponent_max: int
    base: int
    has_nan: bool
    has_inf: bool

    @property
    def exponent_shape(self) -> Shape:
        """Shape of the exponent vector, two's complement."""
        widest = max(self.exponent_max, ~self.exponent_min)
        return signed(max(widest, 0).bit_length() + 1)


def operand_range(format_: Format, *, normalised: bool) -> NumberRange:
    """Range of the decoded operands of a format.

    With ``normalised``, significands have their top bit set (but for zero, whose significand and
    exponent mean nothing); without, a subnormal float keeps its leading zeros, and an integer is
    its magnitude.
    """
    if isinstance(format_, IntFormat):
        bits = format_.max_magnitude.bit_length()
        return NumberRange(bits, -(bits - 1) if normalised else 0, 0, 0, False, False)
    top = (1 << format_.exponent_bits) - 1
    lowest = 1 - format_.mantissa_bits if normalised else 1
    base = -format_.exponent_bias - format_.mantissa_bits
    return NumberRange(format_.precision, lowest, top, base, format_.has_nan, format_.has_inf)


def product_range(a: NumberRange, b: NumberRange, carry: bool = False) -> NumberRange:
    """Range of the exact products of two ranges of operands.

    With ``carry``, exponents are one higher, and the base one lower: the adder of the exponents
    has a carry input that nobody else uses.
    """
    return NumberRange(
        a.significand_bits + b.significand_bits,
        a.exponent_min + b.exponent_min + carry,
        a.exponent_max + b.exponent_max + carry,
        a.base + b.base - carry,
        a.has_nan or b.has_nan,
        a.has_inf or b.has_inf,
    )


class NumberLayout(data.StructLayout):
    """Signals of a number.

    ===============  ==========================================================================
    field            meaning
    ===============  ==========================================================================
    ``significand``  unsigned integer; means nothing where ``zero`` is set by a normalised number
    ``exponent``     see `NumberRange`
    ``sign``         1 is negative
    ``zero``         the number is zero
    ``inf``          infinity; ``exponent`` and ``significand`` mean nothing
    ``nan``          not a number; everything else means nothing
    ===============  ==========================================================================
    """

    def __init__(self, range_: NumberRange) -> None:
        self.range = range_
        super().__init__(
            {
                "significand": range_.significand_bits,
                "exponent": range_.exponent_shape,
                "sign": 1,
                "zero": 1,
                "inf": 1,
                "nan": 1,
            }
        )

    def varying(self, number: data.View) -> list[Value]:
        """Bits of a number of this layout that are not always 0: what a register has to hold."""
        return [
            Value.cast(number.significand),
            magnitude_bits(number.exponent, self.range),
            *class_bits(number, self.range),
        ]


def magnitude_bits(exponent: Value, range_: NumberRange) -> Value:
    """An exponent without a sign that is always 0."""
    return exponent[:-1] if range_.exponent_min >= 0 else exponent


def class_bits(number: data.View, range_: NumberRange) -> list[Value]:
    """Sign, zero, and infinity and NaN where such numbers exist."""
    found = [number.sign, number.zero]
    found += [number.inf] if range_.has_inf else []
    return found + ([number.nan] if range_.has_inf or range_.has_nan else [])


def varying(number: data.View) -> list[Value]:
    """Bits of a number that are not always 0, of any layout."""
    return number.shape().varying(number)  # pyright: ignore[reportAttributeAccessIssue]
