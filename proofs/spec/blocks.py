"""What sums of a block leave as, as SMT-LIB formulas: the scale, and an element given the scale.

::

    s                       code of the scale, 2**(s - 127), from 0 to 254
    no sum is too large     |v| <= L * 2**(s - 127), L being the largest element; or, by OCP's rule,
                            |v| < 2 * M * 2**(s - 127), M the largest power of two among elements
    s is the least such     a sum is too large for s - 1; or s is 0
    an element              v / 2**(s - 127), rounded once to nearest even, to an end if beyond it

An infinity has s = 254, and is an end; NaN is an element where elements have NaN, else s = 255.

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 6.3 (conversion)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleRounding
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.proofs.spec.outputs import divided
from fp8mac.proofs.spec.spec import rounded_claim
from fp8mac.proofs.spec.theory import (
    BINARY128,
    Sort,
    all_of,
    any_of,
    bits,
    extend,
    times_power_of_two,
    widen,
)

__all__ = ["Leaving", "element_claim", "scale_claim"]

_BIAS, _LARGEST, _NAN = 127, 254, 255


@dataclass(frozen=True)
class Leaving:
    """Terms of a sum: in two's complement; whether it is NaN; if not, a (negative) infinity."""

    value: str
    nan: str
    inf: str
    negative: str


def scale_claim(
    output: BlockOutput, width: int, lsb_exponent: int, sums: Sequence[Leaving], scale: str
) -> str:
    """Claim about the scale of a block.

    Parameters
    ----------
    width, lsb_exponent : int
        Of a sum: its bits, and the weight of its last place, as a power of two.
    sums : sequence of Leaving
        All of the block.
    scale : str
        Term of eight bits.
    """
    bound, compare = output.format.largest, "bvugt"
    if output.scale_rounding is ScaleRounding.FLOOR:
        bound, compare = Fraction(2) ** (output.format.emax + 1), "bvuge"
    bound *= Fraction(2) ** (-_BIAS - 1)  # that of the scale below 0
    # Sums and bounds are multiples of a unit.
    unit = min(lsb_exponent, 1 - bound.denominator.bit_length())
    units = int(bound / Fraction(2) ** unit)
    wide = 1 + max(width + lsb_exponent - unit, units.bit_length() + _NAN + 1)
    below = f"(bvshl {bits(units, wide)} ((_ zero_extend {wide - 8}) {scale}))"
    sizes = list[str]()
    for each in sums:
        value = f"(bvshl {extend(each.value, width, wide)} {bits(lsb_exponent - unit, wide)})"
        sizes.append(f"(ite (bvslt {value} {bits(0, wide)}) (bvneg {value}) {value})")

    def some(limit: str) -> str:
        return any_of(
            f"(and (not {each.nan}) ({compare} {size} {limit}))"
            for each, size in zip(sums, sizes, strict=True)
        )

    numbers = all_of(
        [
            f"(distinct {scale} {bits(_NAN, 8)})",
            f"(or (= {scale} {bits(_LARGEST, 8)}) (not {some(f'(bvshl below {bits(1, wide)})')}))",
            f"(or (= {scale} {bits(0, 8)}) {some('below')})",
        ]
    )
    infinite = any_of(f"(and {each.inf} (not {each.nan}))" for each in sums)
    claim = f"(ite {infinite} (= {scale} {bits(_LARGEST, 8)})\n {numbers})"
    if not output.format.element.has_nan:
        lost = any_of(each.nan for each in sums)
        claim = f"(ite {lost} (= {scale} {bits(_NAN, 8)})\n {claim})"
    return f"(let ((below {below}))\n {claim})"


def element_claim(
    output: BlockOutput, lsb_exponent: int, given: Leaving, *, width: int, scale: str, code: str
) -> str:
    """Claim about an element, given the scale of its block; any will do where that is NaN.

    Parameters
    ----------
    lsb_exponent, width : int
        Of a sum, see `scale_claim`.
    given : Leaving
        The sum.
    scale, code : str
        Terms of eight bits, and of those of an element.
    """
    element = output.format.element
    exact = Sort(BINARY128.exponent_bits, max(BINARY128.precision, width + 1))
    places = lsb_exponent - output.format.element_exponent
    number = times_power_of_two(exact.convert(given.value), exact, places)
    shift = f"(bvsub ((_ zero_extend 2) {scale}) {bits(_BIAS, 10)})"
    number = divided(number, exact, shift, 10)
    if isinstance(element, IntFormat):
        claim = _integer_claim(element, exact)
        highest, lowest = int(element.max), -int(element.max) - (not element.symmetric)
    else:
        claim = _float_claim(element, exact, width + places + _BIAS)
        highest, lowest = element.max_code, element.max_code + element.sign_code
    ends = (bits(end, element.bits) for end in (lowest, highest))
    claim = f"(ite {given.inf} (= y (ite {given.negative} {' '.join(ends)}))\n {claim})"
    if not element.has_nan:
        claim = f"(or (= {scale} {bits(_NAN, 8)})\n {claim})"
    elif isinstance(element, FloatFormat) and element.nan_code is not None:
        claim = f"(ite {given.nan} (= y {bits(element.nan_code, element.bits)})\n {claim})"
    return f"(let ((x {number}) (y {code}))\n {claim})"


def _integer_claim(element: IntFormat, sort: Sort) -> str:
    """That ``y`` is ``x``, rounded."""
    most = int(element.max)
    least = -most - (not element.symmetric)
    width = sort.exponent_bits + 2
    top, bottom = (sort.convert(bits(end, width)) for end in (most, least))
    return (
        f"(let ((s (fp.roundToIntegral RNE x)))\n"
        f" (ite (fp.gt s {top}) (= y {bits(most, element.bits)})\n"
        f" (ite (fp.lt s {bottom}) (= y {bits(least, element.bits)})\n"
        f" (fp.eq s {sort.convert(extend('y', element.bits, width))}))))"
    )


def _float_claim(element: FloatFormat, exact: Sort, top: int) -> str:
    """That ``y`` is ``x``, which is below two to ``top`` where it is finite, rounded."""
    exponent_bits = element.exponent_bits
    while True:  # as `fp8mac.proofs.spec.sorts.output_sorts` does
        sort = Sort(exponent_bits, element.precision)
        scale = sort.emin - element.emin
        if max(top, element.emax + 1) + scale < sort.bias:
            break
        exponent_bits += 1
    number = times_power_of_two("x", exact, scale)
    rounding = FloatAccConfig(element, overflow=Overflow.SATURATE)
    return (
        f"(let ((s {sort.convert(number)}) (y. {sort.of_code(widen(element, 'y', sort))}))\n"
        f" {rounded_claim(rounding, sort, False, plain=False)})"
    )
