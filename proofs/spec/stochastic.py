"""What stochastic rounding has to give, as SMT-LIB terms.

Codes of magnitudes are in the order of the numbers, one unit apart, across binades as well. A sum
is truncated to a sort that has the bits of a random number below the accumulator's last place. So
where *Y* is the code of a result in that sort, *S* that of the sum, and *R* a random number of *n*
bits, adding and truncating is a statement about where the sum lies::

    Y = floor((S + R) / 2**n) * 2**n      is      Y - R <= S < Y - R + 2**n
"""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.proofs.spec.theory import Sort, bits, widen

__all__ = ["drawn", "drawn_limit"]


def drawn(acc: FloatAccConfig, sort: Sort) -> str:
    """Whether ``y`` is what the truncated sum ``s`` and the bits ``random`` have to give."""
    format_, size = acc.format, sort.exponent_bits + sort.precision
    code = f"(concat #b0 ((_ extract {size - 2} 0) {widen(format_, 'y', sort)}))"
    random = _extended(acc, size)
    least = sort.of_code(f"(bvsub {code} {random})")
    top = format_.bits - 1
    sign = f"(= ((_ extract {top} {top}) y) (ite (fp.isNegative s) #b1 #b0))"
    if not format_.has_negative_zero:
        sign = f"(or {sign} (= y {bits(0, format_.bits)}))"
    return (
        f"(and {sign} (or (bvult {code} {random}) (fp.geq (fp.abs s) {least}))\n"
        f" (fp.lt (fp.abs s) {drawn_limit(acc, sort, code)}))"
    )


def drawn_limit(acc: FloatAccConfig, sort: Sort, code: str) -> str:
    """Smallest magnitude that with ``random`` gets beyond the number of a code."""
    size = sort.exponent_bits + sort.precision
    step = bits(1 << (acc.random_bits or 0), size)
    return sort.of_code(f"(bvsub (bvadd {code} {step}) {_extended(acc, size)})")


def _extended(acc: FloatAccConfig, size: int) -> str:
    return f"((_ zero_extend {size - (acc.random_bits or 0)}) random)"
