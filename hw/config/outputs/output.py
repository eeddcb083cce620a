"""What exact sums leave as: floats, with a shift or none, or integers, also with a multiplier."""

import re
from dataclasses import dataclass

from fp8mac.hw.config.accumulators import (
    ConfigError,
    FloatAccConfig,
    integer,
    parse_accumulator,
)
from fp8mac.hw.config.blocks import BLOCK_NAMES
from fp8mac.hw.config.formats import FormatError, IntFormat, Rounding, parse_format

__all__ = [
    "MOST_MULTIPLIER_BITS",
    "MOST_SHIFT_BITS",
    "RESCALES",
    "OutputConfig",
    "Requantizer",
    "ScaledFloat",
    "output_text",
    "parse_output",
    "rescale_ports",
    "rescale_widths",
    "rounded_name",
]

MOST_MULTIPLIER_BITS = 32
"""Most bits of a multiplier."""
MOST_SHIFT_BITS = 8
"""Most bits of a float's shift: those of an MX scale, which is a power of two as well."""


@dataclass(frozen=True)
class Requantizer:
    """Rounds ``sum * multiplier / 2**shift`` to an integer, which saturates.

    Parameters
    ----------
    format : IntFormat
        What leaves.
    multiplier_bits : int
        Bits of the multiplier, which is unsigned; 0 for a shift alone.
    rounding : Rounding
        To nearest even, or toward zero.

    Raises
    ------
    ConfigError
        If there are more than `MOST_MULTIPLIER_BITS` bits, or it is another rounding.
    """

    format: IntFormat
    multiplier_bits: int = 0
    rounding: Rounding = Rounding.RNE

    def __post_init__(self) -> None:
        bits = integer(self.multiplier_bits, "multiplier_bits")
        object.__setattr__(self, "multiplier_bits", bits)
        if not 0 <= bits <= MOST_MULTIPLIER_BITS:
            raise ConfigError(f"A multiplier has up to {MOST_MULTIPLIER_BITS} bits, not {bits}.")
        if self.rounding not in (Rounding.RNE, Rounding.RTZ):
            raise ConfigError("An output is rounded to nearest even, or toward zero (:rtz).")

    @property
    def name(self) -> str:
        """As `parse_output` reads it."""
        times = f":times={self.multiplier_bits}" if self.multiplier_bits else ""
        return f"{self.format.name}{times}{':rtz' * (self.rounding is Rounding.RTZ)}"

    def shift_bits(self, width: int) -> int:
        """Bits of a shift that can drop every bit of a sum of that width, multiplied."""
        return (width + self.multiplier_bits).bit_length()


@dataclass(frozen=True)
class ScaledFloat(FloatAccConfig):
    """Rounds ``sum / 2**shift`` to a float, once.

    Parameters
    ----------
    shift_width : int
        Bits of the shift, 2 to `MOST_SHIFT_BITS`. It is signed: sums become larger, too.

    Raises
    ------
    ConfigError
        As `FloatAccConfig`, or if there are fewer or more bits.
    """

    shift_width: int = MOST_SHIFT_BITS

    def __post_init__(self) -> None:
        super().__post_init__()
        bits = integer(self.shift_width, "shift_width")
        object.__setattr__(self, "shift_width", bits)
        if not 2 <= bits <= MOST_SHIFT_BITS:
            raise ConfigError(f"The shift of a float has 2 to {MOST_SHIFT_BITS} bits, not {bits}.")

    @property
    def name(self) -> str:
        """As `parse_output` reads it."""
        return f"{super().name}:shift={self.shift_width}"


OutputConfig = FloatAccConfig | Requantizer
"""Anything that exact sums leave as."""


RESCALES = {
    "multiplier": "what the sum that leaves is multiplied by, unsigned; hold it meanwhile",
    "shift": "places by which it moves to the right; hold it meanwhile",
}
"""Ports with which sums are rescaled as they leave, and what they are for."""


def rescale_widths(output: OutputConfig | None, width: int) -> dict[str, int]:
    """Ports with which sums of some width are rescaled as they leave, and their bits.

    Examples
    --------
    >>> rescale_widths(parse_output("int8:times=16"), 32), rescale_widths(parse_output("fp16"), 32)
    ({'multiplier': 16, 'shift': 6}, {})
    """
    if isinstance(output, ScaledFloat):
        return {"shift": output.shift_width}
    if not isinstance(output, Requantizer):
        return {}
    times = {"multiplier": output.multiplier_bits} if output.multiplier_bits else {}
    return times | {"shift": output.shift_bits(width)}


def rescale_ports(output: OutputConfig | None, width: int) -> list[tuple[str, int, str]]:
    """Names and bits as `rescale_widths`, and what each port is for."""
    texts = RESCALES
    if isinstance(output, ScaledFloat):
        texts = {
            "shift": "the sum that leaves is divided by two to this, signed; hold it meanwhile"
        }
    return [(name, bits, texts[name]) for name, bits in rescale_widths(output, width).items()]


def rounded_name(output: OutputConfig) -> str:
    """Name without what is said of the ports that rescale."""
    return re.sub(":(times|shift)=[0-9]+", "", output.name)


def output_text(output: OutputConfig) -> str:
    """What leaves, in words.

    Examples
    --------
    >>> output_text(parse_output("fp16")), output_text(parse_output("int8:times=16"))
    ('sum, rounded to fp16', 'sum * multiplier / 2**shift, rounded to int8')
    """
    given = rescale_widths(output, 1)
    times, shifted = " * multiplier" * ("multiplier" in given), " / 2**shift" * ("shift" in given)
    return f"sum{times}{shifted}, rounded to {rounded_name(output)}"


def parse_output(text: str) -> OutputConfig:
    """Read what an exact sum is rounded to where it leaves a unit.

    ::

        <float format>[:rtz][:ftz][:saturate]                as a float accumulator rounds
                  [:shift=<bits of the shift, signed>]   and divided by a power of two
        int<N>[s][:times=<bits of the multiplier>][:rtz]     an integer, which saturates

    Raises
    ------
    ConfigError
        If it is no format, or has other options.

    Examples
    --------
    >>> parse_output("bf16:saturate").name, parse_output("int8:times=16").name
    ('bf16:saturate', 'int8:times=16')
    >>> parse_output("e4m3:shift=6:saturate").name
    'e4m3:saturate:shift=6'
    """
    name, *options = text.strip().lower().split(":")
    try:
        format_ = parse_format(name)
    except FormatError:
        format_ = None
    if isinstance(format_, IntFormat):
        return _integer(text, format_, options)
    if name in BLOCK_NAMES:
        raise ConfigError(
            f"'{text}' has a scale for a block of sums, which are in a row of an array; a unit has "
            "one sum."
        )
    shifts = [option for option in options if option.startswith("shift=")]
    plain = [name, *(option for option in options if option not in shifts)]
    try:
        found = parse_accumulator(":".join(plain))
        if isinstance(found, FloatAccConfig) and not shifts:
            return found
        bits = _number(shifts[0].removeprefix("shift=")) if len(shifts) == 1 else None
        if isinstance(found, FloatAccConfig) and bits is not None:
            return ScaledFloat(**vars(found), shift_width=bits)
    except ConfigError as error:
        if "accumulator" not in str(error):  # but what a format cannot be
            raise
    raise ConfigError(
        f"'{text}' is not an output; an output is a float format such as fp16, with options :rtz, "
        ":ftz, :saturate, :shift=BITS, or an integer such as int8, with options :times=BITS, :rtz."
    )


def _integer(text: str, format_: IntFormat, options: list[str]) -> Requantizer:
    """Output that is an integer."""
    bits, rounding = 0, Rounding.RNE
    for option in options:
        key, _, value = option.partition("=")
        if option == "rtz":
            rounding = Rounding.RTZ
        elif key == "times" and (given := _number(value)) is not None:
            bits = given
        else:
            raise ConfigError(
                f"'{text}' is not an output; an integer has the options :times=BITS and :rtz."
            )
    return Requantizer(format_, bits, rounding)


def _number(text: str) -> int | None:
    """Number that is written in digits; None for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
