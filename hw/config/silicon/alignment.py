"""How the terms of a step are aligned before they are added: windows, groups, late accumulators.

A unit aligns its terms to the largest exponent among them, and cuts off what lies below a window::

    E                       largest exponent; zeros have none
    |
    1xxxxxxxxxxxxx|         window of 14 bits: F = 13 bits below 2**E
       1xxxxxxxxxx|xxxx     truncated, floored, or jammed into the last bit

Each class here is one part of that, with a spelling of its own; `Summation` holds them together.

# Ref: arXiv:2511.10909 (NVIDIA's and AMD's matrix units), arXiv:2512.07004 (NVIDIA's)
# Ref: RISC-V ldot and bdot extensions, draft 0.2 (bulk normalised dot products)
"""

import re
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.accumulators import ConfigError, integer
from fp8mac.hw.config.encodings import FloatFormat
from fp8mac.hw.config.formats import parse_format
from fp8mac.hw.config.rounding import TermCut

__all__ = ["Deal", "Exponents", "Groups", "Join", "Late", "Products"]

_N = "([0-9]{1,40})"
_CUT = "(?::(rtz|floor|odd))?"


def _cut_name(cut: TermCut) -> str:
    return "" if cut is TermCut.TRUNCATE else f":{cut.value}"


def _numbers(owner: Any, *names: str) -> None:
    for name in names:
        if (value := getattr(owner, name)) is not None:
            object.__setattr__(owner, name, integer(value, name))


@dataclass(frozen=True)
class Deal:
    """Products of a chunk that are dealt to its steps, in runs, and not taken in order.

    ``steps 2 of 2``: the first step takes products 0, 1, 4, 5, 8, ..., the second one the others.

    Parameters
    ----------
    ways : int
        Steps of a chunk.
    run : int
        Products that stay together.
    """

    ways: int
    run: int = 1

    pattern = re.compile(f"steps {_N}(?: of {_N})?")

    def __post_init__(self) -> None:
        _numbers(self, "ways", "run")
        if self.ways < 2 or self.run < 1:
            raise ConfigError("Products are dealt to two steps or more, in runs of one or more.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Deal":
        """From its spelling."""
        return cls(int(match[1]), int(match[2] or 1))

    @property
    def name(self) -> str:
        """Its spelling."""
        return f"steps {self.ways}" + f" of {self.run}" * (self.run > 1)


@dataclass(frozen=True)
class Groups:
    """Products of a step that are summed in groups, each with its own alignment.

    ``groups 2``: the even and the odd ones; ``groups 4 of 16``: 16 neighbours each.

    Parameters
    ----------
    ways : int
        Number of groups.
    run : int
        Neighbours that come into the same group.
    """

    ways: int
    run: int = 1

    pattern = re.compile(f"groups {_N}(?: of {_N})?")

    def __post_init__(self) -> None:
        _numbers(self, "ways", "run")
        if self.ways < 2 or self.run < 1:
            raise ConfigError("There are two groups of products or more, in runs of one or more.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Groups":
        """From its spelling."""
        return cls(int(match[1]), int(match[2] or 1))

    @property
    def name(self) -> str:
        """Its spelling."""
        return f"groups {self.ways}" + f" of {self.run}" * (self.run > 1)


@dataclass(frozen=True)
class Join:
    """Window in which the sums of groups are added; a sum has the exponent of its group.

    Parameters
    ----------
    bits : int
        Kept from the largest exponent of all groups down.
    cut : TermCut
        What becomes of the bits below.
    """

    bits: int
    cut: TermCut = TermCut.TRUNCATE

    pattern = re.compile(f"join {_N}{_CUT}")

    def __post_init__(self) -> None:
        _numbers(self, "bits")
        if self.bits < 1:
            raise ConfigError("A window has one bit or more.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Join":
        """From its spelling."""
        return cls(int(match[1]), TermCut(match[2] or "rtz"))

    @property
    def name(self) -> str:
        """Its spelling."""
        return f"join {self.bits}{_cut_name(self.cut)}"


@dataclass(frozen=True)
class Late:
    """Accumulator that is added after the products, which are aligned without it.

    ``late``: the sum of the products is rounded as the accumulator is, and then added to it;
    ``late 32 25:floor``: both are aligned to the larger exponent, and cut.

    Parameters
    ----------
    sum_bits, acc_bits : int, optional
        Kept of the sum and of the accumulator, from the larger exponent down; None where the sum is
        rounded instead.
    cut : TermCut
        What becomes of the bits below.
    drop : int, optional
        Distance of exponents beyond which the accumulator counts as zero.
    """

    sum_bits: int | None = None
    acc_bits: int | None = None
    cut: TermCut = TermCut.TRUNCATE
    drop: int | None = None

    pattern = re.compile(f"late(?: {_N} {_N}{_CUT}(?: drop {_N})?)?")

    def __post_init__(self) -> None:
        _numbers(self, "sum_bits", "acc_bits", "drop")
        if (self.sum_bits is None) != (self.acc_bits is None):
            raise ConfigError("A late accumulator names the bits of the sum and its own, or none.")
        if self.sum_bits is None and (self.drop is not None or self.cut is not TermCut.TRUNCATE):
            raise ConfigError("A sum that is rounded first is not cut as well.")
        if min(self.sum_bits or 1, self.acc_bits or 1) < 1:
            raise ConfigError("A window has one bit or more.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Late":
        """From its spelling."""
        if match[1] is None:
            return cls()
        drop = None if match[4] is None else int(match[4])
        return cls(int(match[1]), int(match[2]), TermCut(match[3] or "rtz"), drop)

    @property
    def name(self) -> str:
        """Its spelling."""
        if self.sum_bits is None:
            return "late"
        drop = "" if self.drop is None else f" drop {self.drop}"
        return f"late {self.sum_bits} {self.acc_bits}{_cut_name(self.cut)}{drop}"


@dataclass(frozen=True)
class Exponents:
    """What counts as the exponent of a term.

    Parameters
    ----------
    normalised : bool
        Whether a product's exponent is that of its leading one, and not the sum of its operands'.
    of_zero : int, optional
        Exponent of an operand or accumulator that is zero; default none, zeros set no exponent.
    operands : FloatFormat, optional
        Format in which operands have their exponents, where units convert them first.
    """

    normalised: bool = False
    of_zero: int | None = None
    operands: FloatFormat | None = None

    pattern = re.compile("exponents( normalised)?(?: zero (-?[0-9]{1,5}))?(?: as ([a-z0-9-]+))?")

    def __post_init__(self) -> None:
        _numbers(self, "of_zero")
        if self.normalised and (self.operands is not None or self.of_zero is not None):
            raise ConfigError("A normalised exponent is that of the product, not of its operands.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Exponents":
        """From its spelling."""
        format_ = None if match[3] is None else parse_format(match[3])
        if format_ is not None and not isinstance(format_, FloatFormat):
            raise ConfigError(f"{format_.name} has no exponents.")
        return cls(match[1] is not None, None if match[2] is None else int(match[2]), format_)

    @property
    def name(self) -> str:
        """Its spelling; empty by default."""
        words = ["normalised"] * self.normalised
        words += [] if self.of_zero is None else [f"zero {self.of_zero}"]
        words += [] if self.operands is None else [f"as {self.operands.name}"]
        return " ".join(["exponents", *words]) if words else ""


@dataclass(frozen=True)
class Products:
    """What happens to a product before it is added.

    Parameters
    ----------
    rounded : bool
        It is rounded as the accumulator is.
    bounded : bool
        It is exact, but an infinity from ``2**(emax + 1)`` of the accumulator on, unless an
        operand or the accumulator is infinite already.
    """

    rounded: bool = False
    bounded: bool = False

    pattern = re.compile("products (rounded|bounded)")

    def __post_init__(self) -> None:
        if self.rounded and self.bounded:
            raise ConfigError("A product that is rounded is bounded already.")

    @classmethod
    def read(cls, match: re.Match[str]) -> "Products":
        """From its spelling."""
        return cls(match[1] == "rounded", match[1] == "bounded")

    @property
    def name(self) -> str:
        """Its spelling; empty by default."""
        return "products rounded" if self.rounded else "products bounded" if self.bounded else ""
