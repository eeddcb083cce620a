"""What integers leave as, as SMT-LIB formulas over bit-vectors: a quotient, rounded and saturated.

::

    p = value * multiplier        q = floor(p / 2**s), r = p - q * 2**s        0 <= r < 2**s
    to nearest even               q + 1 if 2 r > 2**s, or 2 r = 2**s and q is odd
    toward zero                   q + 1 if q < 0 and r > 0

A shift beyond all bits of *p* gives less than a half, whatever it is, and counts as the first such.
"""

from collections.abc import Mapping

from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.outputs.output import OutputConfig, Requantizer, rescale_widths
from fp8mac.proofs.spec.theory import Sort, all_of, bits, extend

__all__ = [
    "boxed_claim",
    "divided",
    "integer_claim",
    "multiplies",
    "product_bits",
    "requantized_claim",
]


def multiplies(output: OutputConfig | None) -> bool:
    """Whether sums are multiplied as they leave, which no solver proves in one piece."""
    return isinstance(output, Requantizer) and output.multiplier_bits > 0


def product_bits(output: Requantizer, width: int) -> int:
    """Bits that hold a value of some width times the multiplier, in two's complement."""
    return width + output.multiplier_bits


def boxed_claim(value: str, given: Mapping[str, str]) -> str:
    """Claim that an output stage is given a value and what rescales it, and gives ``out``."""
    pins = [f"(= output_{name} {term})" for name, term in {"value": value, **given}.items()]
    return all_of([*pins, "(= out output_code)"])


def divided(number: str, sort: Sort, shift: str, width: int) -> str:
    """Number divided by two to a signed shift of some width, exactly if the sort contains it.

    The power of two is a number whose exponent is less by the shift, and whose mantissa is 0.
    """
    exponent = (
        f"(bvsub {bits(sort.bias, sort.exponent_bits)} {extend(shift, width, sort.exponent_bits)})"
    )
    power = sort.of_code(f"(concat #b0 {exponent} {bits(0, sort.precision - 1)})")
    return f"(fp.mul RNE {number} {power})"


def integer_claim(output: Requantizer, width: int, value: str, given: Mapping[str, str]) -> str:
    """Claim that ``out`` is what a value of some width is rounded to, rescaled.

    Parameters
    ----------
    given : mapping of str to str
        Terms of what it is rescaled with.
    """
    product, wide = value, product_bits(output, width)
    if output.multiplier_bits:
        factor = f"((_ zero_extend {width}) {given['multiplier']})"
        product = f"(bvmul {extend(value, width, wide)} {factor})"
    return requantized_claim(output, width, product, given["shift"], "out")


def requantized_claim(output: Requantizer, width: int, product: str, shift: str, code: str) -> str:
    """Claim that a code is what a product, shifted to the right, is rounded to.

    Parameters
    ----------
    width : int
        Bits of the value.
    product : str
        Term of `product_bits` bits.
    shift : str
        Term of as many bits as ``output.shift_bits(width)``.
    code : str
        Term of ``output.format.bits`` bits.
    """
    have, given = product_bits(output, width), rescale_widths(output, width)["shift"]
    out = output.format.bits
    wide = max(have + 2, given + 1, out + 1)
    most = int(output.format.max)
    least = -most - (not output.format.symmetric)
    beyond, one, zero = bits(have + 1, wide), bits(1, wide), bits(0, wide)
    whole = f"((_ zero_extend {wide - given}) {shift})"
    if output.rounding is Rounding.RNE:
        tie = "(and (= (bvadd r r) unit) (= ((_ extract 0 0) q) #b1))"
        up = f"(or (bvugt (bvadd r r) unit) {tie})"
    else:
        up = f"(and (bvslt q {zero}) (distinct r {zero}))"
    ends = (
        f"(ite (bvsgt n {bits(most, wide)}) {bits(most, out)}"
        f" (ite (bvslt n {bits(least, wide)}) {bits(least, out)} ((_ extract {out - 1} 0) n)))"
    )
    return (
        f"(let ((p {extend(product, have, wide)})\n"
        f" (s (ite (bvugt {whole} {beyond}) {beyond} {whole})))\n"
        f" (let ((q (bvashr p s)) (unit (bvshl {one} s)))\n"
        f" (let ((r (bvand p (bvsub unit {one}))))\n"
        f" (let ((n (ite {up} (bvadd q {one}) q)))\n"
        f" (= {code} {ends})))))"
    )
