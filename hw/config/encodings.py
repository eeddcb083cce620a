"""Floats and integers of any width: what their codes mean.

# Ref: IEEE 754-2019, section 3.4 (binary interchange formats)
# Ref: OCP 8-bit Floating Point Specification (OFP8), revision 1.0
# Ref: arXiv:2209.05433 (E4M3, E5M2), arXiv:2303.17951 (E2M5 to E5M2 without specials)
"""

from dataclasses import dataclass
from fractions import Fraction

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.specials import Specials

__all__ = ["SHORT_NAMES", "FloatFormat", "FormatError", "IntFormat"]

SHORT_NAMES = {"e5m10": "fp16", "e8m7": "bf16", "e8m23": "fp32", "e8m10": "tf32"}
"""Names that formats have instead of their spelling."""


class FormatError(Error, ValueError):
    """A format that does not exist; the message is one sentence for the user."""


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
        least = self.specials.least_exponent_bits
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
        return 2 ** (self.exponent_bits - 1) - 1 + self.specials.bias_offset

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
        return self.specials.has_inf

    @property
    def has_nan(self) -> bool:
        """Whether at least one code is NaN."""
        return self.specials.has_nan

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has a sign."""
        return not self.specials.nan_is_negative_zero

    @property
    def sign_code(self) -> int:
        """Code with the sign bit alone."""
        return 1 << (self.bits - 1)

    @property
    def max_code(self) -> int:
        """Code of the largest finite number."""
        above = 0 if self.top_bits is None else 1 << self.top_bits
        return self.sign_code - 1 - above

    @property
    def top_bits(self) -> int | None:
        """Low bits that do not matter to codes above the largest number, see `Specials`."""
        return self.specials.top_bits(self.mantissa_bits)

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity, None where there is none."""
        return self.max_code + 1 if self.has_inf else None

    @property
    def nan_code(self) -> int | None:
        """Code of the NaN that arithmetic produces (quiet, sign 0), None where there is none."""
        if not self.has_nan:
            return None
        if self.specials.nan_is_negative_zero:
            return self.sign_code
        return self.max_code + 1 + (1 << (self.mantissa_bits - 1) if self.has_inf else 0)

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
        bias = "" if self.bias == self.default_bias else f"b{self.bias}"
        bare = Specials.of_bare_name(self.exponent_bits, self.mantissa_bits)
        specials = "" if self.specials is bare else self.specials.value
        spelling = f"e{self.exponent_bits}m{self.mantissa_bits}{bias}{specials}"
        return SHORT_NAMES.get(spelling, spelling)

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
