"""Scales of blocks: two E8M0 codes that are multiplied.

# Ref: OCP Microscaling Formats (MX) Specification 1.0, section 5.4.1
"""

from fp8mac.proofs.spec.terms import EXPONENT_BITS, exponent, signed

__all__ = ["E8M0_SPAN", "no_scale", "scale_claim"]

_BIAS, _NAN = 127, "#b11111111"

E8M0_SPAN = (-2 * _BIAS, 2 * _BIAS)
"""Exponents of products of two scales."""


def scale_claim(a: str, b: str, scale: str, width: int) -> str:
    """Claim that a signed word is the exponent of a product of scales that are numbers."""
    wide = [f"((_ zero_extend {EXPONENT_BITS - 8}) {each})" for each in (a, b)]
    total = f"(bvsub (bvadd {' '.join(wide)}) {exponent(2 * _BIAS)})"
    return f"(or {no_scale(a)} {no_scale(b)} (= {signed(scale, width, EXPONENT_BITS)} {total}))"


def no_scale(code: str) -> str:
    """Whether a scale is NaN."""
    return f"(= {code} {_NAN})"
