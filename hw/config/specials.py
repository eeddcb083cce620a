"""Special values of floating-point formats: which codes are infinities or NaN.

All that a new kind of special values is stands here. Decoders, encoders, rounders and counters ask
a format, which asks its `Specials`.

# Ref: IEEE 754-2019, section 3.4
# Ref: OCP 8-bit Floating Point Specification (OFP8), revision 1.0
# Ref: OCP Microscaling Formats (MX) Specification, version 1.0
# Ref: arXiv:2206.02915 (one zero, one NaN)
"""

from enum import Enum

__all__ = ["Specials"]


class Specials(Enum):
    """Which codes of a floating-point format are not finite numbers.

    ===========  =====================================  ========================  =========
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

    @classmethod
    def of_bare_name(cls, exponent_bits: int, mantissa_bits: int) -> "Specials":
        """What a name without a suffix stands for: ``e4m3`` has no infinities."""
        return _BARE.get((exponent_bits, mantissa_bits), cls.IEEE)

    @property
    def has_inf(self) -> bool:
        """Whether two codes are infinities; they follow the largest numbers."""
        return self is Specials.IEEE

    @property
    def has_nan(self) -> bool:
        """Whether at least one code is NaN."""
        return self is not Specials.NONE

    @property
    def nan_is_negative_zero(self) -> bool:
        """Whether NaN has the code of -0, which is then none."""
        return self is Specials.FNUZ

    @property
    def least_exponent_bits(self) -> int:
        """Fewest exponent bits; 2 where the largest exponent is used up."""
        return 2 if self is Specials.IEEE else 1

    @property
    def bias_offset(self) -> int:
        """What the default bias exceeds ``2**(exponent_bits - 1) - 1`` by."""
        return int(self is Specials.FNUZ)

    def top_bits(self, mantissa_bits: int) -> int | None:
        """Number of low bits that do not matter to codes above the largest number.

        All bits of such a code are ones but for these and the sign; None where there is no such
        code.
        """
        match self:
            case Specials.IEEE:
                return mantissa_bits
            case Specials.FN:
                return 0
            case Specials.FNUZ | Specials.NONE:
                return None


_BARE = {
    (4, 3): Specials.FN,  # OCP OFP8
    (2, 5): Specials.FN,  # IEEE specials would take a quarter of the codes
    (2, 1): Specials.NONE,  # OCP MX FP4
    (2, 3): Specials.NONE,  # OCP MX FP6
    (3, 2): Specials.NONE,  # OCP MX FP6
}
