"""Accumulators: where the exact products of a unit are added."""

import re
from dataclasses import dataclass

from fp8mac.hw.config.errors import ConfigError, integer
from fp8mac.hw.config.formats import FloatFormat, FormatError, Overflow, Rounding, parse_format
from fp8mac.hw.config.segments import BEHIND, Resolve, Segmented, parse_segments

__all__ = [
    "MOST_RANDOM_BITS",
    "AccumulatorConfig",
    "ConfigError",
    "FloatAccConfig",
    "IntAccConfig",
    "KulischConfig",
    "Resolve",
    "integer",
    "parse_accumulator",
]


MOST_RANDOM_BITS = 26
"""Of stochastic rounding; a float64 has room for them below the bits of any accumulator."""

_RANDOM_BITS = 8  # of :sr


@dataclass(frozen=True)
class KulischConfig(Segmented):
    """Exact fixed-point register, wide enough for ``2**guard_bits`` extreme products.

    Parameters
    ----------
    guard_bits : int
        0 to 64.
    segment_bits : int, optional
        Bits of a segment, fewer than the register's: the carry out of a segment is a flip-flop, and
        enters the next segment a cycle later. By default it is one word.
    resolve : Resolve, optional
        How the sum of the segments is read; by default whoever reads them adds the carries.
    """

    guard_bits: int = 12
    segment_bits: int | None = None
    resolve: Resolve | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "guard_bits", integer(self.guard_bits, "guard_bits"))
        if not 0 <= self.guard_bits <= 64:
            raise ConfigError(
                f"A Kulisch accumulator has 0 to 64 guard bits, not {self.guard_bits}."
            )
        self._check_segments()

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        return f"kulisch:{self.guard_bits}{self._segments}"


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
    random_bits : int, optional
        Of stochastic rounding, which draws a random number of so many bits in each step: 1 to 26,
        8 by default. None otherwise.
    """

    format: FloatFormat
    rounding: Rounding = Rounding.RNE
    overflow: Overflow = Overflow.TO_SPECIAL
    subnormals: bool = True
    random_bits: int | None = None

    def __post_init__(self) -> None:
        if self.overflow is Overflow.WRAP:
            raise ConfigError("A floating-point accumulator cannot wrap.")
        if self.rounding is not Rounding.STOCHASTIC:
            if self.random_bits is not None:
                raise ConfigError("Random bits are for stochastic rounding (:sr) alone.")
            return
        given = _RANDOM_BITS if self.random_bits is None else self.random_bits
        object.__setattr__(self, "random_bits", bits := integer(given, "random_bits"))
        if not 1 <= bits <= MOST_RANDOM_BITS:
            raise ConfigError(
                f"Stochastic rounding takes 1 to {MOST_RANDOM_BITS} random bits, not {bits}."
            )

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        random = "" if self.random_bits in (None, _RANDOM_BITS) else f"={self.random_bits}"
        rounding = () if self.rounding is Rounding.RNE else (self.rounding.value + random,)
        flush = () if self.subnormals else ("ftz",)
        saturate = ("saturate",) if self.overflow is Overflow.SATURATE else ()
        return ":".join((self.format.name, *rounding, *flush, *saturate))


@dataclass(frozen=True)
class IntAccConfig(Segmented):
    """Two's complement register for integer operands.

    Parameters
    ----------
    bits : int
        2 to 64, and at least the width of the exact product.
    overflow : Overflow
        ``WRAP`` or ``SATURATE``.
    segment_bits, resolve
        See `KulischConfig`; only where it wraps.
    """

    bits: int = 32
    overflow: Overflow = Overflow.WRAP
    segment_bits: int | None = None
    resolve: Resolve | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", integer(self.bits, "bits"))
        if not 2 <= self.bits <= 64:
            raise ConfigError(f"An integer accumulator has 2 to 64 bits, not {self.bits}.")
        if self.overflow is Overflow.TO_SPECIAL:
            raise ConfigError(
                "An integer accumulator wraps or saturates; it has no special values."
            )
        self._check_segments()
        if self.segment_bits is not None and self.overflow is Overflow.SATURATE:
            raise ConfigError(
                "A register that saturates cannot be cut into segments: only the resolved sum "
                "tells whether it is out of range."
            )

    @property
    def name(self) -> str:
        """String that `parse_accumulator` reads as this accumulator."""
        saturate = ":saturate" * (self.overflow is Overflow.SATURATE)
        return f"int{self.bits}{saturate}{self._segments}"


AccumulatorConfig = KulischConfig | FloatAccConfig | IntAccConfig
"""What the products of a MAC unit can be added in."""


_ROUNDING = re.compile("(rne|rtz|sr)(?:(?<=sr)=([0-9]{1,20}))?")


def parse_accumulator(text: str) -> AccumulatorConfig:
    """Read an accumulator.

    ::

        kulisch[:<guard bits>]                      exact fixed point, 12 guard bits by default
        int<N>[:saturate]                           two's complement, wraps by default
        <float format>[:rtz|:sr][:ftz][:saturate]   rounds once a step; IEEE 754 by default

        :segmented=<bits>                           behind the first two: carries are registers
        :resolve=combinational|idle                 behind that: how the sum is read

    :sr rounds stochastically, with random numbers of 8 bits, or with :sr=<bits> of 1 to 26.

    Raises
    ------
    ConfigError
        If there is no such accumulator.

    Examples
    --------
    >>> parse_accumulator("kulisch")
    KulischConfig(guard_bits=12, segment_bits=None, resolve=None)
    >>> parse_accumulator("int32:segmented=4").name
    'int32:segmented=4'
    >>> parse_accumulator("fp16:ftz:rtz").name, parse_accumulator("fp16:sr=4").name
    ('fp16:rtz:ftz', 'fp16:sr=4')
    """
    stem, *options = text.strip().lower().split(":")
    if stem == "kulisch":
        segments = parse_segments(options)
        match options:
            case []:
                return KulischConfig(**segments)
            case [guard] if re.fullmatch("[0-9]{1,20}", guard):
                return KulischConfig(int(guard), **segments)
        raise ConfigError(
            f"'{text}' is not an accumulator; write kulisch or kulisch:<guard bits>{BEHIND}."
        )
    if stem.startswith("int"):
        segments = parse_segments(options)
        match = re.fullmatch("int([0-9]{1,20})", stem)
        if not match or options not in ([], ["saturate"]):
            raise ConfigError(
                f"'{text}' is not an accumulator; write int<N> or int<N>:saturate{BEHIND}."
            )
        overflow = Overflow.SATURATE if options else Overflow.WRAP
        return IntAccConfig(int(match[1]), overflow, **segments)
    try:
        format_ = parse_format(stem)
    except FormatError as error:
        if re.match("e[0-9]+m[0-9]", stem):
            raise ConfigError(str(error)) from error
        raise ConfigError(
            f"Unknown accumulator '{text}'; an accumulator is kulisch[:<guard bits>], "
            "int<N>[:saturate], or a float format such as fp16 with options :rtz, :ftz, :saturate."
        ) from error
    roundings = [match for match in map(_ROUNDING.fullmatch, options) if match]
    unknown = set(options) - {match[0] for match in roundings} - {"ftz", "saturate"}
    if not isinstance(format_, FloatFormat) or unknown or len(set(options)) < len(options):
        raise ConfigError(
            f"'{text}' is not an accumulator; a float accumulator takes the options rtz or sr or "
            "sr=<random bits>, ftz and saturate, once each."
        )
    if len(roundings) > 1:
        raise ConfigError(f"'{text}' names more than one rounding.")
    rounding, random_bits = roundings[0].groups() if roundings else ("rne", None)
    return FloatAccConfig(
        format_,
        Rounding(rounding),
        Overflow.SATURATE if "saturate" in options else Overflow.TO_SPECIAL,
        "ftz" not in options,
        None if random_bits is None else int(random_bits),
    )
