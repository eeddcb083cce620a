"""Accumulators: where the exact products of a unit are added."""

import re
from dataclasses import dataclass

from fp8mac.hw.config.errors import ConfigError, integer
from fp8mac.hw.config.formats import (
    FloatFormat,
    Format,
    FormatError,
    Overflow,
    Rounding,
    ZeroSign,
    parse_format,
)
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
        ``TO_SPECIAL`` (IEEE 754); ``TO_INF``, the same where rounding is toward zero; ``SATURATE``:
        a finite sum beyond the largest number becomes the largest number.
    subnormals : bool
        Where False, a subnormal accumulator is read as zero, and an exact sum below the smallest
        normal number becomes zero before it is rounded; signs are kept.
    random_bits : int, optional
        Of stochastic rounding, which draws a random number of so many bits in each step: 1 to 26,
        8 by default. None otherwise.
    zero : ZeroSign
        Sign of results that are zero; default IEEE 754's.
    flushes : bool
        Where True, subnormal operands and accumulators are read as +0, and a result that is
        subnormal after it was rounded becomes a zero of its sign.
    """

    format: FloatFormat
    rounding: Rounding = Rounding.RNE
    overflow: Overflow = Overflow.TO_SPECIAL
    subnormals: bool = True
    random_bits: int | None = None
    zero: ZeroSign = ZeroSign.IEEE
    flushes: bool = False

    def __post_init__(self) -> None:
        if self.overflow is Overflow.WRAP:
            raise ConfigError("A floating-point accumulator cannot wrap.")
        if self.flushes and not self.subnormals:
            raise ConfigError("A float accumulator flushes in one way, :ftz or :daz.")
        if self.overflow is Overflow.TO_INF and self.rounding is not Rounding.RTZ:
            object.__setattr__(self, "overflow", Overflow.TO_SPECIAL)  # the same
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
        flush = ("daz",) if self.flushes else () if self.subnormals else ("ftz",)
        beyond = () if self.overflow is Overflow.TO_SPECIAL else (self.overflow.value,)
        zero = () if self.zero is ZeroSign.IEEE else (self.zero.value,)
        return ":".join((self.format.name, *rounding, *flush, *beyond, *zero))

    @property
    def is_basic(self) -> bool:
        """Whether it rounds, overflows and flushes as IEEE 754, ``:rtz``, ``:ftz`` and so on say.

        Not so where it rounds to odd, rounds toward zero but overflows, has its own signs of zero,
        or flushes what it reads.
        """
        usual = self.zero is ZeroSign.IEEE and self.overflow is not Overflow.TO_INF
        return usual and not self.flushes and self.rounding is not Rounding.ODD


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
        if self.overflow not in (Overflow.WRAP, Overflow.SATURATE):
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


_RANDOM = re.compile("sr=[0-9]{1,20}")


def parse_accumulator(text: str) -> AccumulatorConfig:
    """Read an accumulator.

    ::

        kulisch[:<guard bits>]                      exact fixed point, 12 guard bits by default
        int<N>[:saturate]                           two's complement, wraps by default
        <float format>[:rtz|:odd|:sr][:ftz|:daz][:saturate|:inf][:sum0|:plus0]
                                                    rounds once a step; IEEE 754 by default

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
    return _float_accumulator(text, format_, options)


_OPTIONS: dict[str, tuple[str, ...]] = {
    "rounding": tuple(each.value for each in Rounding),
    "flush": ("ftz", "daz"),
    "overflow": (Overflow.SATURATE.value, Overflow.TO_INF.value),
    "sign of zero": (ZeroSign.SUM.value, ZeroSign.PLUS.value),
}


def _float_accumulator(text: str, format_: Format, options: list[str]) -> FloatAccConfig:
    words = {"sr" if _RANDOM.fullmatch(each) else each for each in options}
    unknown = words - {word for choice in _OPTIONS.values() for word in choice}
    if not isinstance(format_, FloatFormat) or unknown or len(set(options)) < len(options):
        raise ConfigError(
            f"'{text}' is not an accumulator; a float accumulator takes the options rtz, odd, sr "
            "or sr=<random bits>, ftz or daz, saturate or inf, and sum0 or plus0, once each."
        )
    found: dict[str, str] = {}
    for what, choice in _OPTIONS.items():
        given = [each for each in options if each.partition("=")[0] in choice]
        if len(given) > 1:
            raise ConfigError(f"'{text}' names more than one {what}.")
        found[what] = given[0] if given else ""
    rounding, _, random_bits = found["rounding"].partition("=")
    return FloatAccConfig(
        format_,
        Rounding(rounding or "rne"),
        Overflow(found["overflow"] or "special"),
        found["flush"] != "ftz",
        int(random_bits) if random_bits else None,
        ZeroSign(found["sign of zero"] or "ieee"),
        found["flush"] == "daz",
    )
