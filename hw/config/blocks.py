"""Block formats: elements that share a scale.

::

    value of an element = scale of its block * element        * scale of the tensor (NVFP4)

=========  =====================  ========  =========================
name       element                elements  scale
=========  =====================  ========  =========================
mxfp8e4m3  e4m3                   32        E8M0: ``2**(code - 127)``
mxfp8e5m2  e5m2                   32        E8M0
mxfp6e2m3  e2m3                   32        E8M0
mxfp6e3m2  e3m2                   32        E8M0
mxfp4      e2m1                   32        E8M0
mxint8     int8 in units of 2^-6  32        E8M0
nvfp4      e2m1                   16        UE4M3: e4m3, not negative
=========  =====================  ========  =========================

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 5
# Ref: NVIDIA, PTX ISA, block scaling (.scale_vec, .ue4m3)
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from fp8mac.hw.config.encodings import IntFormat
from fp8mac.hw.config.formats import Format, FormatError, parse_format

__all__ = [
    "BLOCK_FORMATS",
    "BLOCK_NAMES",
    "BlockFormat",
    "ScaleFormat",
    "ScaleRounding",
    "SharedScale",
    "block_name",
    "parse_any",
    "parse_operand",
    "parse_operands",
]


class ScaleFormat(Enum):
    """Format of the scale of a block, in eight bits.

    ``e8m0`` is a power of two, code 255 is NaN; ``ue4m3`` is e4m3 whose sign bit is not looked at.
    """

    E8M0 = "e8m0"
    UE4M3 = "ue4m3"


class ScaleRounding(Enum):
    """How the scale of a block becomes a power of two.

    ``floor`` is OCP's rule: the largest power of two in the block, by that among elements. ``up``
    is the smallest scale with which nothing saturates.
    """

    FLOOR = "floor"
    UP = "up"


@dataclass(frozen=True)
class SharedScale:
    """Elements that share a scale.

    Parameters
    ----------
    size : int
        Number of elements.
    scale : ScaleFormat
        Format of the scale.
    """

    size: int
    scale: ScaleFormat


@dataclass(frozen=True)
class BlockFormat:
    """Format of a block.

    Parameters
    ----------
    name : str
        As `parse_operand` reads it.
    element : FloatFormat or IntFormat
        Format of the elements.
    block : SharedScale
        How many share a scale, and its format.
    """

    name: str
    element: Format
    block: SharedScale

    @classmethod
    def of(cls, element: Format, block: SharedScale) -> "BlockFormat":
        """Format of such elements in such blocks."""
        return cls(block_name(element, block), element, block)

    @property
    def element_exponent(self) -> int:
        """Power of two that an element of this code is multiplied by; -6 for int8."""
        return element_exponent(self.element)

    @property
    def largest(self) -> Fraction:
        """Largest element, before it is scaled."""
        return self.element.max * Fraction(2) ** self.element_exponent

    @property
    def emax(self) -> int:
        """Exponent of the largest power of two among positive elements."""
        return self.largest.numerator.bit_length() - self.largest.denominator.bit_length()


def element_exponent(element: Format) -> int:
    """Power of two by which elements of blocks differ from the format's own values."""
    return 2 - element.bits if isinstance(element, IntFormat) else 0


_MX, _NV = SharedScale(32, ScaleFormat.E8M0), SharedScale(16, ScaleFormat.UE4M3)

BLOCK_FORMATS: dict[str, BlockFormat] = {
    name: BlockFormat(name, parse_format(element), block)
    for name, element, block in (
        ("mxfp8e4m3", "e4m3", _MX),
        ("mxfp8e5m2", "e5m2", _MX),
        ("mxfp6e2m3", "e2m3", _MX),
        ("mxfp6e3m2", "e3m2", _MX),
        ("mxfp4", "e2m1", _MX),
        ("mxint8", "int8", _MX),
        ("nvfp4", "e2m1", _NV),
    )
}
"""The block formats of OCP's specification, and NVIDIA's."""

_ALIASES = {"mxfp8": "mxfp8e4m3", "mxfp4e2m1": "mxfp4"}

BLOCK_NAMES = frozenset(BLOCK_FORMATS) | frozenset(_ALIASES)
"""All names of block formats."""


def parse_any(text: str) -> Format | BlockFormat:
    """Read a format, of blocks or not.

    Raises
    ------
    FormatError
        If there is no such format.

    Examples
    --------
    >>> parse_any("mxfp8").name, parse_any("fp16").name
    ('mxfp8e4m3', 'fp16')
    """
    key = text.strip().lower()
    return BLOCK_FORMATS.get(_ALIASES.get(key, key)) or parse_format(text)


def parse_operand(text: str) -> tuple[Format, SharedScale | None]:
    """Read the format of an operand, of blocks or not.

    Raises
    ------
    FormatError
        If there is no such format.

    Examples
    --------
    >>> element, block = parse_operand("nvfp4")
    >>> element.name, block.size, parse_operand("e4m3")[1]
    ('e2m1', 16, None)
    """
    found = parse_any(text)
    return (found.element, found.block) if isinstance(found, BlockFormat) else (found, None)


def parse_operands(a: str, b: str) -> tuple[Format, Format, SharedScale | None]:
    """Read the formats of both operands.

    Raises
    ------
    FormatError
        If there is no such format, or only one is of blocks, or of another kind.
    """
    (left, block), (right, other) = parse_operand(a), parse_operand(b)
    if block != other:
        raise FormatError(
            f"Operands {a.strip()} and {b.strip()} do not share scales in blocks of one kind."
        )
    return left, right, block


def block_name(element: Format, block: SharedScale | None) -> str:
    """Name that `parse_operand` reads; that of the element where there is no block."""
    if block is None:
        return element.name
    for each in BLOCK_FORMATS.values():
        if (each.element, each.block) == (element, block):
            return each.name
    return f"{element.name}/{block.size}{block.scale.value}"
