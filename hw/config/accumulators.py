"""Accumulators: where the exact products of a unit are added."""

import operator
import re
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.formats import FloatFormat, FormatError, Overflow, Rounding, parse_format

__all__ = [
    "AccumulatorConfig",
    "ConfigError",
    "FloatAccConfig",
    "IntAccConfig",
    "KulischConfig",
    "integer",
    "parse_accumulator",
]


class ConfigError(Error, ValueError):
    """A unit that cannot exist; the message is one sentence for the user."""


def integer(value: Any, name: str) -> int:
    """An integer of Python, or of whatever else is exactly one.

    Raises
    ------
    ConfigError
        If it is anything else, a bool included.
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ConfigError(f"{name} is an integer, not {value!r}.")


@dataclass(frozen=True)
class KulischConfig:
    """Exact fixed-point register, wide enough for ``2**guard_bits`` extreme products.

    Parameters
    ----------
    guard_bits : int
        0 to 64.
    """

    guard_bits: int = 12

    def __post_init__(self) -> None:
        object.__setattr__(self, "guard_bits", integer(self.guard_bits, "guard_bits"))
        if not 0 <= self.guard_bits <= 64:
            raise ConfigError(
                f"A Kulisch accumulator has 0 to 64 guard bits, not {self.guard_bits}."
            )

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        return f"kulisch:{self.guard_bits}"


@dataclass(frozen=True)
class FloatAccConfig:
    """Floating-point register; every step rounds the exact sum ``acc + a * b`` once.

    Parameters
    ----------
    format : FloatFormat
        Format of the register.
    rounding : Rounding
        Default to nearest, ties to even.
    overflow : Overflow
        ``TO_SPECIAL`` (IEEE 754) or ``SATURATE``: a finite sum beyond the largest number becomes
        the largest number.
    subnormals : bool
        Where False, a subnormal accumulator is read as zero, and an exact sum below the smallest
        normal number becomes zero before it is rounded; signs are kept.
    """

    format: FloatFormat
    rounding: Rounding = Rounding.RNE
    overflow: Overflow = Overflow.TO_SPECIAL
    subnormals: bool = True

    def __post_init__(self) -> None:
        if self.overflow is Overflow.WRAP:
            raise ConfigError("A floating-point accumulator cannot wrap.")

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        rounding = () if self.rounding is Rounding.RNE else (self.rounding.value,)
        flush = () if self.subnormals else ("ftz",)
        saturate = ("saturate",) if self.overflow is Overflow.SATURATE else ()
        return ":".join((self.format.name, *rounding, *flush, *saturate))


@dataclass(frozen=True)
class IntAccConfig:
    """Two's complement register for integer operands.

    Parameters
    ----------
    bits : int
        2 to 64, and at least the width of the exact product.
    overflow : Overflow
        ``WRAP`` or ``SATURATE``.
    """

    bits: int = 32
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", integer(self.bits, "bits"))
        if not 2 <= self.bits <= 64:
            raise ConfigError(f"An integer accumulator has 2 to 64 bits, not {self.bits}.")
        if self.overflow is Overflow.TO_SPECIAL:
            raise ConfigError(
                "An integer accumulator wraps or saturates; it has no special values."
            )

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        return f"int{self.bits}" + ":saturate" * (self.overflow is Overflow.SATURATE)


AccumulatorConfig = KulischConfig | FloatAccConfig | IntAccConfig
"""What the products of a MAC unit can be added in."""


def parse_accumulator(text: str) -> AccumulatorConfig:
    """Read an accumulator.

    ::

        kulisch[:<guard bits>]                      exact fixed point, 12 guard bits by default
        int<N>[:saturate]                           two's complement, wraps by default
        <float format>[:rtz|:sr][:ftz][:saturate]   rounds once a step; IEEE 754 by default

    Raises
    ------
    ConfigError
        If there is no such accumulator.

    Examples
    --------
    >>> parse_accumulator("kulisch")
    KulischConfig(guard_bits=12)
    >>> parse_accumulator("fp16:ftz:rtz").name
    'fp16:rtz:ftz'
    """
    stem, *options = text.strip().lower().split(":")
    if stem == "kulisch":
        match options:
            case []:
                return KulischConfig()
            case [guard] if re.fullmatch("[0-9]{1,20}", guard):
                return KulischConfig(int(guard))
        raise ConfigError(f"'{text}' is not an accumulator; write kulisch or kulisch:<guard bits>.")
    if stem.startswith("int"):
        match = re.fullmatch("int([0-9]{1,20})", stem)
        if not match or options not in ([], ["saturate"]):
            raise ConfigError(f"'{text}' is not an accumulator; write int<N> or int<N>:saturate.")
        return IntAccConfig(int(match[1]), Overflow.SATURATE if options else Overflow.WRAP)
    try:
        format_ = parse_format(stem)
    except FormatError as error:
        if re.match("e[0-9]+m[0-9]", stem):
            raise ConfigError(str(error)) from error
        raise ConfigError(
            f"Unknown accumulator '{text}'; an accumulator is kulisch[:<guard bits>], "
            "int<N>[:saturate], or a float format such as fp16 with options :rtz, :ftz, :saturate."
        ) from error
    roundings = [option for option in options if option in ("rne", "rtz", "sr")]
    unknown = set(options) - {"rne", "rtz", "sr", "ftz", "saturate"}
    if not isinstance(format_, FloatFormat) or unknown or len(set(options)) < len(options):
        raise ConfigError(
            f"'{text}' is not an accumulator; a float accumulator takes the options rtz or sr, ftz "
            "and saturate, once each."
        )
    if len(roundings) > 1:
        raise ConfigError(f"'{text}' names more than one rounding.")
    return FloatAccConfig(
        format_,
        Rounding(roundings[0]) if roundings else Rounding.RNE,
        Overflow.SATURATE if "saturate" in options else Overflow.TO_SPECIAL,
        "ftz" not in options,
    )
