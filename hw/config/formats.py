"""Number formats: what a code means, without any arithmetic.

A *format* says which values the codes of an operand or an accumulator stand for. Every minifloat
and every two's complement width is one string, see `parse_format`; the short names of
`NAMED_FORMATS` are aliases of such strings.

The types stand in `encodings`, kinds of special values in `specials`; this module offers them all.

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0
"""

import re

from fp8mac.hw.config.encodings import SHORT_NAMES, FloatFormat, FormatError, IntFormat
from fp8mac.hw.config.rounding import Overflow, Rounding, TermCut, ZeroSign
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
    "TermCut",
    "ZeroSign",
    "parse_format",
]

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
