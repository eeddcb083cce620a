"""What a sum of two codes has to be: rounded once.

# Ref: IEEE 754-2019, sections 4.3 (rounding), 5.4.1 (addition), 6.3 (the sign bit)
"""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Overflow, Rounding, ZeroSign
from fp8mac.proofs.spec.terms import can_claim
from fp8mac.proofs.spec.theory import Sort, bits, widen

__all__ = ["can_add", "sum_claim", "sum_sort"]


def can_add(acc: FloatAccConfig) -> bool:
    """Whether `sum_claim` says what becomes of a sum of two codes."""
    return can_claim(acc) and not acc.random_bits


def sum_sort(acc: FloatAccConfig) -> Sort:
    """Sort of a rounded sum: with more exponents, where none is beyond the range, see `widen`."""
    return Sort(acc.format.exponent_bits + 1, acc.format.precision)


def sum_claim(acc: FloatAccConfig, x: str, z: str, y: str) -> str:
    """Claim that the code ``y`` is the sum of the codes ``x`` and ``z``, rounded once."""
    format_, sort, size = acc.format, sum_sort(acc), acc.format.bits
    numbers = [sort.of_code(widen(format_, code, sort)) for code in (x, z)]
    result = sort.of_code(widen(format_, y, sort))

    def total(mode: str) -> str:
        return f"(fp.add {mode} {numbers[0]} {numbers[1]})"

    right = f"(= t {result})"
    mode = "RNE" if acc.rounding is Rounding.RNE else "RTZ"
    if acc.rounding is Rounding.ODD:
        # Of two neighbours one is odd.
        odd = f"(and (= ((_ extract 0 0) {y}) #b1) (or (= low {result}) (= high {result})))"
        right = (
            f"(let ((low {total('RTN')}) (high {total('RTP')}))"
            f" (ite (fp.eq low high) (= t {result}) {odd}))"
        )
    to_special = acc.overflow is Overflow.TO_SPECIAL and acc.rounding is not Rounding.RTZ
    to_inf = to_special or acc.overflow is Overflow.TO_INF
    code = format_.inf_code if to_inf else format_.max_code
    plus, minus = (bits((code or 0) + sign, size) for sign in (0, format_.sign_code))
    beyond = f"(= {y} (ite (fp.isNegative t) {minus} {plus}))"
    limit = sort.power_of_two(format_.emax + 1 + format_.exponent_bias - sort.bias)
    right = f"(ite (fp.geq (fp.abs t) {limit}) {beyond}\n {right})"
    if acc.zero is not ZeroSign.IEEE:
        right = f"(ite (fp.isZero t) (= {y} {bits(0, size)})\n {right})"
    infinite = f"(= t {result})"
    nothing = f"(= {y} {bits(format_.nan_code or 0, size)})"
    return (
        f"(let ((t {total(mode)}))\n (ite (fp.isNaN t) {nothing}\n"
        f" (ite (fp.isInfinite t) {infinite}\n {right})))"
    )
