"""Scales of blocks: two codes that are multiplied.

# Ref: OCP Microscaling Formats (MX) Specification 1.0, section 5.4.1
# Ref: NVIDIA, PTX ISA, block scaling (.ue4m3)
"""

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Specials
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent, signed
from fp8mac.proofs.spec.theory import bits

__all__ = ["E8M0_SPAN", "UE4M3_SPAN", "factor_claim", "no_scale", "scale_claim"]

_BIAS, _E8M0_NAN, _UE4M3_NAN = 127, "#b11111111", "#b1111111"
_UE4M3 = FloatFormat(4, 3, specials=Specials.FN)


E8M0_SPAN = (-2 * _BIAS, 2 * _BIAS)
UE4M3_SPAN = (2 * _UE4M3.emin, 2 * _UE4M3.emax)
"""Exponents of products of two scales."""


def scale_claim(a: str, b: str, scale: str, width: int) -> str:
    """Claim that a signed word is the exponent of a product of E8M0 scales that are numbers."""
    wide = [f"((_ zero_extend {EXPONENT_BITS - 8}) {each})" for each in (a, b)]
    total = f"(bvsub (bvadd {' '.join(wide)}) {exponent(2 * _BIAS)})"
    return f"(or {no_scale(a)} {no_scale(b)} (= {signed(scale, width, EXPONENT_BITS)} {total}))"


def factor_claim(a: str, b: str, scale: str, width: int) -> tuple[str, str]:
    """Claim about a product of UE4M3 scales that are numbers, and its definitions.

    The word ``scale`` is its exponent, ``factor``, of eight bits, its significand, and ``present``
    tells whether it is not zero.
    """
    definitions = "".join(
        acc_terms(_UE4M3, f"(bvand {code} #b01111111)", f"{code}_scale") for code in (a, b)
    )
    total = f"(bvsub (bvadd {a}_scale_exponent {b}_scale_exponent)"
    total += f" {exponent(2 * _UE4M3.exponent_bias)})"
    factors = (f"((_ zero_extend 4) {code}_scale_significand)" for code in (a, b))
    claim = (
        f"(or {a}_scale_nan {b}_scale_nan (and (= {signed(scale, width, EXPONENT_BITS)} {total})"
        f" (= factor (bvmul {' '.join(factors)})) (= (= present #b0) (= factor {bits(0, 8)}))))"
    )
    return claim, definitions


def no_scale(code: str, scale: ScaleFormat = ScaleFormat.E8M0) -> str:
    """Whether a scale is NaN."""
    if scale is ScaleFormat.E8M0:
        return f"(= {code} {_E8M0_NAN})"
    return f"(= ((_ extract 6 0) {code}) {_UE4M3_NAN})"
