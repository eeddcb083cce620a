"""What a multiply-accumulate unit is: two operand formats and an accumulator.

Equal configurations have equal slugs, different ones different slugs; the slug names the Verilog
module, the file, the build folder and the row in a report.
"""

import re
from dataclasses import dataclass, field

from fp8mac.hw.config.formats import (
    FloatFormat,
    Format,
    FormatError,
    IntFormat,
    Overflow,
    Rounding,
    parse_format,
)
from fp8mac.hw.config.goal import Goal

__all__ = [
    "AccumulatorConfig",
    "ConfigError",
    "FloatAccConfig",
    "Goal",
    "IntAccConfig",
    "KulischConfig",
    "MacConfig",
    "parse_accumulator",
    "parse_unit",
]


class ConfigError(ValueError):
    """A unit that cannot exist; the message is one sentence for the user."""


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


@dataclass(frozen=True)
class MacConfig:
    """A unit that adds ``a * b`` to an accumulator.

    Parameters
    ----------
    a, b : FloatFormat or IntFormat
        Operands; any pair.
    accumulator : KulischConfig or FloatAccConfig or IntAccConfig
        Where the exact products are added.

    Raises
    ------
    ConfigError
        If an integer accumulator is given a float operand, or is narrower than the product.
    """

    a: Format
    b: Format
    accumulator: AccumulatorConfig
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.accumulator, IntAccConfig):
            for operand in (self.a, self.b):
                if isinstance(operand, FloatFormat):
                    raise ConfigError(
                        f"The integer accumulator {self.accumulator.name} cannot add "
                        f"{operand.name} products; use kulisch or a float accumulator."
                    )
            if self.accumulator.bits < self.product_bits:
                raise ConfigError(
                    f"The accumulator {self.accumulator.name} is too narrow: one exact "
                    f"{self.a.name} x {self.b.name} product takes {self.product_bits} bits."
                )
        object.__setattr__(self, "_hash", hash((self.a, self.b, self.accumulator)))

    def __hash__(self) -> int:
        """Hash, computed once: models look a unit up at every step."""
        return self._hash

    @property
    def slug(self) -> str:
        """Name of module, file, folder and report row.

        Examples
        --------
        >>> parse_unit("e4m3", acc="fp16").slug, parse_unit("int8", "int4", acc="kulisch").slug
        ('mac_e4m3_e4m3_fp16', 'mac_int8_int4_kulisch12')
        """
        accumulator = self.accumulator.name.replace("kulisch:", "kulisch").replace(":", "_")
        return f"mac_{self.a.name}_{self.b.name}_{accumulator}".replace("-", "n")

    @property
    def product_lsb_exponent(self) -> int:
        """Weight of one unit of the exact product, as a power of two."""
        return self.a.lsb_exponent + self.b.lsb_exponent

    @property
    def product_bits(self) -> int:
        """Width of the exact product of finite operands in two's complement."""
        return (self.a.max_magnitude * self.b.max_magnitude).bit_length() + 1

    @property
    def acc_bits(self) -> int:
        """Width of the accumulator register, without flags."""
        match self.accumulator:
            case KulischConfig(guard_bits):
                return self.product_bits + guard_bits
            case FloatAccConfig(format_):
                return format_.bits
            case IntAccConfig(bits):
                return bits

    @property
    def has_integer_products(self) -> bool:
        """Whether products are two's complement, and added in fixed point."""
        return isinstance(self.a, IntFormat) and isinstance(self.b, IntFormat) and self.is_fixed

    @property
    def is_fixed(self) -> bool:
        """Whether products are added in fixed point, exactly but for overflow."""
        return not isinstance(self.accumulator, FloatAccConfig)

    @property
    def saturates(self) -> bool:
        """Whether a sum beyond the accumulator's range becomes the end of the range."""
        return getattr(self.accumulator, "overflow", None) is Overflow.SATURATE

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags beside an accumulator that cannot hold NaN or infinity.

        ``("nan",)`` where an operand has NaN; ``("pos_inf", "neg_inf")`` where an operand has
        infinities as well, and both raised together mean NaN. While a flag is raised, the
        accumulator's bits are not specified.
        """
        acc = self.accumulator
        if isinstance(acc, FloatAccConfig) and acc.format.has_nan:
            return ()
        if self.a.has_inf or self.b.has_inf:
            return ("pos_inf", "neg_inf")
        return ("nan",) if self.a.has_nan or self.b.has_nan else ()


def parse_unit(a: str, b: str | None = None, *, acc: str) -> MacConfig:
    """Read a unit: operand formats ``a`` and ``b`` (default: as ``a``) and an accumulator.

    Raises
    ------
    FormatError
        If there is no such format.
    ConfigError
        If there is no such accumulator or unit.
    """
    return MacConfig(parse_format(a), parse_format(b or a), parse_accumulator(acc))
