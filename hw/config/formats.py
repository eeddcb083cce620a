"""Number formats: what a code means, without any arithmetic.

A *format* says which values the codes of an operand or an accumulator stand for. Every minifloat
and every two's complement width is one string, see `parse_format`; the short names of
`NAMED_FORMATS` are aliases of such strings.

The types stand in `encodings`, kinds of special values in `specials`; this module offers them all.

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0
"""

import re

from fp8mac.hw.config.encodings import SHORT_NAMES, FloatFormat, FormatError, IntFormat
from fp8mac.hw.config.rounding import Overflow, Rounding
from fp8mac.hw.config.specials import Specials

__all__ = [
    "NAMED_FORMATS",
    "FloatFormat",
    "Format",
    "FormatError",
    "IntFormat",
    "Overflow",
    "Rounding",
    "Specials",
    "parse_format",
]

    value        infinities                             NaN                       -0
    ===========  =====================================  ========================  =========
    ``ieee``     exponent all ones, mantissa 0          exponent all ones, other  yes
    ``fn``       none                                   all bits but sign ones    yes
    ``fnuz``     none                                   the code of -0, only      no
    ``none``     none                                   none                      yes
    ===========  =====================================  ========================  =========
    """

    IEEE = "ieee"
    FN = "fn"
    FNUZ = "fnuz"
    NONE = "none"


class Rounding(Enum):
    """How an exact value becomes a code: nearest even, toward zero, or stochastic."""

    RNE = "rne"
    RTZ = "rtz"
    STOCHASTIC = "sr"


class Overflow(Enum):
    """What a value beyond the largest number becomes.

    ``special`` is IEEE 754's answer (infinity; NaN where the format has no infinity; the largest
    number where it has neither); ``wrap`` exists for integers only.
    """

    SATURATE = "saturate"
    TO_SPECIAL = "special"
    WRAP = "wrap"


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format with a sign bit and subnormal numbers.

    ======  ====================  ============================================================
    field   bits                  meaning
    ======  ====================  ============================================================
    sign    1, most significant   0 is positive
    exp     ``exponent_bits``     weight ``2**(exp - bias)``, ``2**(1 - bias)`` if ``exp == 0``
    mant    ``mantissa_bits``     hidden bit 1, 0 if ``exp == 0``
    ======  ====================  ============================================================

    Parameters
    ----------
    exponent_bits : int
        1 to 8 (2 to 8 with IEEE specials, which use up the largest exponent).
    mantissa_bits : int
        1 to 23, without the hidden bit.
    bias : int, optional
        Any integer from -512 to 512. Default ``2**(exponent_bits - 1) - 1``, and one more with
        ``fnuz`` specials.
    specials : Specials, optional
        Default IEEE 754's.

    Raises
    ------
    FormatError
        If a parameter is outside its range.
    """

    exponent_bits: int
    mantissa_bits: int
    bias: int | None = None
    specials: Specials = Specials.IEEE

    def __post_init__(self) -> None:
        least = 2 if self.specials is Specials.IEEE else 1
        if not least <= self.exponent_bits <= 8:
            raise FormatError(
                f"A float format with '{self.specials.value}' specials has {least} to 8 exponent "
                f"bits, not {self.exponent_bits}."
            )
        if not 1 <= self.mantissa_bits <= 23:
            raise FormatError(
                f"A float format has 1 to 23 mantissa bits, not {self.mantissa_bits}."
            )
        if self.bias is None:
            object.__setattr__(self, "bias", self.default_bias)
        if not -512 <= self.exponent_bias <= 512:
            raise FormatError(f"The bias of a float format is -512 to 512, not {self.bias}.")

    @property
    def default_bias(self) -> int:
        """Bias that the format's bare name stands for."""
        return 2 ** (self.exponent_bits - 1) - (self.specials is not Specials.FNUZ)

    @property
    def exponent_bias(self) -> int:
        """Bias as a number (``bias`` is optional only in the constructor)."""
        assert self.bias is not None
        return self.bias

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def precision(self) -> int:
        """Significand bits, with the hidden bit."""
        return self.mantissa_bits + 1

    @property
    def has_inf(self) -> bool:
        """Whether two codes are infinities."""
        return self.specials is Specials.IEEE

    @property
    def has_nan(self) -> bool:
        """Whether at least one code is NaN."""
        return self.specials is not Specials.NONE

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has a sign."""
        return self.specials is not Specials.FNUZ

    @property
    def sign_code(self) -> int:
        """Code with the sign bit alone."""
        return 1 << (self.bits - 1)

    @property
    def max_code(self) -> int:
        """Code of the largest finite number."""
        all_ones = self.sign_code - 1
        match self.specials:
            case Specials.IEEE:
                return all_ones - (1 << self.mantissa_bits)
            case Specials.FN:
                return all_ones - 1
            case Specials.FNUZ | Specials.NONE:
                return all_ones

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity, None where there is none."""
        return self.max_code + 1 if self.has_inf else None

    @property
    def nan_code(self) -> int | None:
        """Code of the NaN that arithmetic produces (quiet, sign 0), None where there is none."""
        match self.specials:
            case Specials.IEEE:
                return self.max_code + 1 + (1 << (self.mantissa_bits - 1))
            case Specials.FN:
                return self.max_code + 1
            case Specials.FNUZ:
                return self.sign_code
            case Specials.NONE:
                return None

    @property
    def max_exponent_field(self) -> int:
        """Largest stored exponent of a finite number."""
        return self.max_code >> self.mantissa_bits

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.exponent_bias

    @property
    def emax(self) -> int:
        """Exponent of the largest number."""
        return self.max_exponent_field - self.exponent_bias

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the smallest subnormal number; every finite value is a multiple of it."""
        return self.emin - self.mantissa_bits

    @property
    def max_magnitude(self) -> int:
        """Largest finite number, in units of ``2**lsb_exponent``."""
        mantissa = self.max_code & ((1 << self.mantissa_bits) - 1)
        significand = mantissa | 1 << self.mantissa_bits
        return significand << (self.max_exponent_field - 1)

    @property
    def max(self) -> Fraction:
        """Largest finite number."""
        return self.max_magnitude * Fraction(2) ** self.lsb_exponent

    @property
    def min_normal(self) -> Fraction:
        """Smallest positive normal number."""
        return Fraction(2) ** self.emin

    @property
    def min_subnormal(self) -> Fraction:
        """Smallest positive number."""
        return Fraction(2) ** self.lsb_exponent

    @property
    def name(self) -> str:
        """Shortest string that `parse_format` reads as this format."""
        return _NAMES.get(self) or self._spelling

    @property
    def _spelling(self) -> str:
        stem = f"e{self.exponent_bits}m{self.mantissa_bits}"
        bias = "" if self.bias == self.default_bias else f"b{self.bias}"
        bare = _BARE_SPECIALS.get(stem, Specials.IEEE)
        return stem + bias + ("" if self.specials is bare else self.specials.value)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class IntFormat:
    """A two's complement integer.

    Parameters
    ----------
    bits : int
        2 to 32.
    symmetric : bool
        Whether the most negative code is excluded, so that the range is ``[-max, max]``. The
        caller then never presents that code; what a unit answers to it is not specified.

    Raises
    ------
    FormatError
        If ``bits`` is outside its range.
    """

    bits: int
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 32:
            raise FormatError(f"An integer format has 2 to 32 bits, not {self.bits}.")

    @property
    def max(self) -> Fraction:
        """Largest number."""
        return Fraction(2 ** (self.bits - 1) - 1)

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the least significant bit."""
        return 0

    @property
    def max_magnitude(self) -> int:
        """Largest absolute value."""
        return 2 ** (self.bits - 1) - self.symmetric

    @property
    def has_inf(self) -> bool:
        """Never."""
        return False

    @property
    def has_nan(self) -> bool:
        """Never."""
        return False

    @property
    def name(self) -> str:
        """Shortest string that `parse_format` reads as this format."""
        return f"int{self.bits}" + "s" * self.symmetric

    def __str__(self) -> str:
        return self.name


=======
Format = FloatFormat | IntFormat
"""What an operand of a MAC unit can be."""

_SPELLINGS = {name: spelling for spelling, name in SHORT_NAMES.items()}

_SUFFIXES = "|".join(specials.value for specials in Specials)
_FLOAT = re.compile(rf"e([0-9]{{1,20}})m([0-9]{{1,20}})(?:b(-?[0-9]{{1,20}}))?({_SUFFIXES})?")
_INT = re.compile(r"int([0-9]{1,20})(s?)")


def parse_format(text: str) -> Format:
    """Read a format.

    ::

        e<E>m<M>[b<bias>][ieee|fn|fnuz|none]    any minifloat, E exponent and M mantissa bits
        int<N>[s]                               two's complement, s for the range [-max, max]
        fp16 bf16 fp32 tf32                     e5m10 e8m7 e8m23 e8m10

    Without a suffix the specials are IEEE 754's, but for ``e4m3`` and ``e2m5`` (``fn``) and for
    the MX formats ``e2m1``, ``e2m3``, ``e3m2`` (``none``).

    Parameters
    ----------
    text : str
        The format; case and surrounding blanks do not matter.

    Raises
    ------
    FormatError
        If there is no such format.

    Examples
    --------
    >>> parse_format("e4m3").max, parse_format("e4m3fnuz").max, parse_format("e4m3ieee").max
    (Fraction(448, 1), Fraction(240, 1), Fraction(240, 1))
    >>> parse_format("e5m10").name, parse_format("e4m3fn").name, parse_format("e5m3b20").name
    ('fp16', 'e4m3', 'e5m3b20')
    """
    key = text.strip().lower()
    key = _SPELLINGS.get(key, key)
    if match := _FLOAT.fullmatch(key):
        exponent_bits, mantissa_bits = int(match[1]), int(match[2])
        bare = Specials.of_bare_name(exponent_bits, mantissa_bits)
        return FloatFormat(
            exponent_bits,
            mantissa_bits,
            bias=int(match[3]) if match[3] else None,
            specials=Specials(match[4]) if match[4] else bare,
        )
    if match := _INT.fullmatch(key):
        return IntFormat(int(match[1]), symmetric=bool(match[2]))
    raise FormatError(
        f"Unknown format '{text}'; a format is e<E>m<M>[b<bias>][{_SUFFIXES}], int<N>[s], "
        f"or one of {', '.join(_SPELLINGS)}."
    )


NAMED_FORMATS: dict[str, Format] = {
    name: parse_format(name)
    for name in (
        "int4 int8 int8s int16 e2m1 e2m3 e3m2 e2m5 e3m4 e4m3 e5m2 "
        "e2m5fnuz e3m4fnuz e4m3fnuz e5m2fnuz e6m9 fp16 bf16 tf32 fp32"
    ).split()
}
"""The formats that papers and standards name, in the order in which they are listed."""
