"""Numbers in SMT-LIB: sorts, and what a code stands for.

A code is read as one of an IEEE format with more exponent bits, see `widen`. That moves its value
by a power of two, and nothing else: both formats treat exponent 0 alike.

::

    e4m3      s     eeee mmm           (-1)**s * 1.mmm * 2**(eeee - 7)
    binary64  s 0...eeee mmm0...       (-1)**s * 1.mmm * 2**(eeee - 1023)

# Ref: SMT-LIB, theory FloatingPoint; IEEE 754-2019, section 3.4 (binary interchange formats)
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fp8mac.hw.config.formats import FloatFormat, Format

__all__ = [
    "BINARY64",
    "BINARY128",
    "Sort",
    "all_of",
    "any_of",
    "bits",
    "decode",
    "extend",
    "times_power_of_two",
    "widen",
]


def bits(value: int, width: int) -> str:
    """Bit-vector constant, modulo ``2**width``."""
    return f"#b{value % (1 << width):0{width}b}"


def extend(value: str, width: int, to: int) -> str:
    """Signed bit-vector in more bits."""
    return f"((_ sign_extend {to - width}) {value})"


def all_of(terms: Iterable[str]) -> str:
    """Conjunction of any number of terms."""
    return _fold("and", "true", list(terms))


def any_of(terms: Iterable[str]) -> str:
    """Disjunction of any number of terms."""
    return _fold("or", "false", list(terms))


def _fold(operator: str, neutral: str, terms: list[str]) -> str:
    if len(terms) < 2:
        return terms[0] if terms else neutral
    return f"({operator} {' '.join(terms)})"


@dataclass(frozen=True)
class Sort:
    """Floating-point sort: exponent bits, and precision with the hidden bit.

    A sort is only ever named as the index of ``to_fp``, which solvers accept for all sizes.
    """

    exponent_bits: int
    precision: int

    @property
    def bias(self) -> int:
        """Exponent bias, which is the exponent of the largest binade too."""
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.bias

    @property
    def is_common(self) -> bool:
        """Whether it is an IEEE 754 interchange format, which solvers are tested with most."""
        return (self.exponent_bits, self.precision) in ((5, 11), (8, 24), (11, 53), (15, 113))

    def of_code(self, code: str) -> str:
        """Number of an IEEE code."""
        return f"((_ to_fp {self.exponent_bits} {self.precision}) {code})"

    def convert(self, value: str, mode: str = "RNE") -> str:
        """Number rounded to this sort; a bit-vector is a signed integer."""
        return f"((_ to_fp {self.exponent_bits} {self.precision}) {mode} {value})"

    def power_of_two(self, exponent: int) -> str:
        """Constant ``2**exponent``, a normal number."""
        assert self.emin <= exponent <= self.bias
        field = bits(exponent + self.bias, self.exponent_bits)
        return self.of_code(f"(concat #b0 {field} {bits(0, self.precision - 1)})")


BINARY64, BINARY128 = Sort(11, 53), Sort(15, 113)


def widen(format_: FloatFormat, code: str, sort: Sort) -> str:
    """IEEE code of a sort, with zeros before the exponent and behind the mantissa of a code.

    Infinities and NaN become those of the sort.
    """
    e_bits, m_bits = format_.exponent_bits, format_.mantissa_bits
    takes_binade = format_.has_inf and format_.top_bits == m_bits
    if takes_binade and sort == Sort(e_bits, format_.precision):
        return code
    sign = f"((_ extract {e_bits + m_bits} {e_bits + m_bits}) {code})"
    exponent = f"((_ extract {e_bits + m_bits - 1} {m_bits}) {code})"
    mantissa = f"((_ extract {m_bits - 1} 0) {code})"
    wide = f"((_ zero_extend {sort.exponent_bits - e_bits}) {exponent})"
    if m_bits < sort.precision - 1:
        mantissa = f"(concat {mantissa} {bits(0, sort.precision - 1 - m_bits)})"
    nan = bits(-1, sort.exponent_bits + sort.precision)
    if takes_binade:
        special = f"(= {exponent} {bits(-1, e_bits)})"
        wide = f"(ite {special} {bits(-1, sort.exponent_bits)} {wide})"
        return f"(concat {sign} {wide} {mantissa})"
    number = f"(concat {sign} {wide} {mantissa})"
    if (low := format_.top_bits) is not None:
        top = f"((_ extract {e_bits + m_bits - 1} {low}) {code})"
        special = nan
        if format_.has_inf:
            special = (
                f"(concat {sign} {bits(-1, sort.exponent_bits)} {bits(0, sort.precision - 1)})"
            )
        number = f"(ite (= {top} {bits(-1, e_bits + m_bits - low)}) {special} {number})"
    if format_.specials.nan_is_negative_zero:
        lone = f"(= {code} {bits(1 << (e_bits + m_bits), 1 + e_bits + m_bits)})"
        number = f"(ite {lone} {nan} {number})"
    return number


def decode(format_: Format, code: str, sort: Sort, scale: int = 0) -> str:
    """Number ``value * 2**scale`` of a code, exactly.

    Parameters
    ----------
    code : str
        Bit-vector term.
    sort : Sort
        Must contain the number.
    """
    if isinstance(format_, FloatFormat):
        number = sort.of_code(widen(format_, code, sort))
        scale += sort.bias - format_.exponent_bias
    else:
        # z3 translates the conversion of an integer with so many bits in all sorts.
        width = max(format_.bits, sort.exponent_bits + 2)
        number = sort.convert(extend(code, format_.bits, width))
    return times_power_of_two(number, sort, scale)


def times_power_of_two(number: str, sort: Sort, exponent: int) -> str:
    """Number ``number * 2**exponent``, exactly if the sort contains it."""
    while exponent:
        step = max(min(exponent, sort.bias), sort.emin)
        number = f"(fp.mul RNE {number} {sort.power_of_two(step)})"
        exponent -= step
    return number
