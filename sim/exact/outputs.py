"""What exact sums leave a unit as: rescaled, where it has ports for that, and rounded once."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from fp8mac.hw.config.blocks import ScaleRounding
from fp8mac.hw.config.formats import Overflow, Rounding
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.outputs.output import (
    OutputConfig,
    Requantizer,
    ScaledFloat,
    rescale_widths,
)
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.held import State, read
from fp8mac.sim.exact.values import NAN, Kind, Value

__all__ = [
    "NO_RESCALE",
    "BlockCodes",
    "Rescale",
    "leave",
    "leave_as",
    "leave_block",
    "requantized",
    "rounded_block",
]

_E8M0_BIAS, _NAN_SCALE = 127, 255


class Rescale(NamedTuple):
    """What a sum is multiplied by as it leaves, and how far it is shifted to the right.

    Of a float the shift can be negative.
    """

    multiplier: int = 1
    shift: int = 0

    def ports(self, output: OutputConfig | None, width: int) -> dict[str, int]:
        """Words of the ports of a unit whose sums have some width."""
        widths = rescale_widths(output, width)
        return {name: getattr(self, name) % (1 << bits) for name, bits in widths.items()}

    @classmethod
    def of_ports(cls, output: OutputConfig | None, words: Mapping[str, int]) -> "Rescale":
        """What words of the ports of a unit stand for.

        Examples
        --------
        >>> from fp8mac.hw.config.outputs.output import parse_output
        >>> Rescale.of_ports(parse_output("e4m3:shift=4"), {"shift": 15})
        Rescale(multiplier=1, shift=-1)
        """
        found = cls(**words)
        if not isinstance(output, ScaledFloat):
            return found
        return found._replace(
            shift=found.shift - (found.shift >> output.shift_width - 1 << output.shift_width)
        )


NO_RESCALE = Rescale()
"""Sums leave as they are."""


def leave(config: MacConfig, state: State, rescale: Rescale = NO_RESCALE) -> int | None:
    """Code that leaves a unit with an output: its sum, rescaled and rounded once.

    While a flag is raised it is NaN or an infinity, as `encode` makes it of that: the largest
    number, where the output saturates and has none. None, for not specified, where the sum is NaN
    and the format has no NaN, and with any flag where sums leave as integers.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> unit = parse_line("int8 -> int32, output bf16")
    >>> hex(leave(unit, State(257, ())))  # a tie: 256
    '0x4380'
    >>> leave(parse_line("int8 -> int32, output int8"), State(10, ()), Rescale(shift=2))
    2
    >>> unit = parse_line("int8 -> int32, output bf16:shift=4")
    >>> hex(leave(unit, State(3, ()), Rescale(shift=-1)))
    '0x40c0'
    """
    assert config.output is not None
    return leave_as(config.output, config.plain, state, rescale)


def leave_as(
    output: OutputConfig, config: MacConfig, state: State, rescale: Rescale = NO_RESCALE
) -> int | None:
    """As `leave`, for any output of what adds products one by one."""
    if isinstance(output, Requantizer):
        if any(state.flags):
            return None
        acc = state.acc or 0
        value = acc - (acc >> config.acc_bits - 1 << config.acc_bits)
        return requantized(output, value, rescale) % (1 << output.format.bits)
    overflow = output.overflow
    value = _special(config, state)
    if value is not None and value.kind is Kind.INF:
        overflow = Overflow.TO_SPECIAL if output.format.has_inf else overflow
    if value is None:
        value = read(config, state.acc or 0)
        value = value._replace(exponent=value.exponent - rescale.shift)
    if value.kind is Kind.NAN and not output.format.has_nan:
        return None
    return codec(output.format, output.subnormals).encode(value, output.rounding, overflow, None, 0)


def requantized(config: Requantizer, value: int, rescale: Rescale) -> int:
    """The integer that ``value * multiplier / 2**shift`` is rounded to.

    Examples
    --------
    >>> from fp8mac.hw.config.outputs.output import parse_output
    >>> [requantized(parse_output("int4"), 6, Rescale(shift=shift)) for shift in range(4)]
    [6, 3, 2, 1]
    """
    exact = Fraction(value * rescale.multiplier, 1 << rescale.shift)
    nearest = round(exact) if config.rounding is Rounding.RNE else int(exact)
    most = int(config.format.max)
    return min(max(nearest, -most - (not config.format.symmetric)), most)


class BlockCodes(NamedTuple):
    """Codes of elements, None for not specified, and of the scale that they share."""

    codes: tuple[int | None, ...]
    scale: int


def leave_block(output: BlockOutput, config: MacConfig, states: Sequence[State]) -> BlockCodes:
    """Codes that sums of a block leave as, with NaN and infinities where flags are raised.

    Examples
    --------
    >>> from fp8mac.hw.config.outputs.blocks import parse_row_output
    >>> from fp8mac.hw.config.unit import parse_line
    >>> states = [State(acc, ()) for acc in (3, 100, 0)]
    >>> leave_block(parse_row_output("mxfp4"), parse_line("int8 -> int32"), states)  # 0, 6, 0 * 16
    BlockCodes(codes=(0, 7, 0), scale=131)
    """
    values = (_special(config, state) or read(config, state.acc or 0) for state in states)
    return rounded_block(output, list(values))


def _special(config: MacConfig, state: State) -> Value | None:
    """NaN or the infinity that raised flags stand for; None for a number."""
    up = {flag for flag, raised in zip(config.flags, state.flags, strict=True) if raised}
    if not up:
        return None
    if len(up) == 1 and "nan" not in up:
        return Value(int("neg_inf" in up), 0, 0, Kind.INF)
    return NAN


def rounded_block(output: BlockOutput, values: Sequence[Value]) -> BlockCodes:
    """Codes that values of a block are rounded to, each once.

    NaN is an element where elements have NaN; elsewhere it is the scale, and elements are not
    specified. An infinity has the largest scale, and saturates.
    """
    format_ = output.format
    kinds = {value.kind for value in values}
    if Kind.NAN in kinds and not format_.element.has_nan:
        return BlockCodes((None,) * len(values), _NAN_SCALE)
    finite = (abs(value.fraction) for value in values if value.kind is Kind.FINITE)
    peak = max(finite, default=Fraction(0))
    exponent = _E8M0_BIAS if Kind.INF in kinds else -_E8M0_BIAS
    if peak and Kind.INF not in kinds:
        leading = peak.numerator.bit_length() - peak.denominator.bit_length()
        exponent = leading - format_.emax
        if output.scale_rounding is ScaleRounding.UP:
            exponent += peak > format_.largest * Fraction(2) ** exponent
        exponent = min(max(exponent, -_E8M0_BIAS), _E8M0_BIAS)
    places = exponent + format_.element_exponent
    words = codec(format_.element)
    codes = (
        words.encode(
            value._replace(exponent=value.exponent - places), Rounding.RNE, Overflow.SATURATE
        )
        for value in values
    )
    return BlockCodes(tuple(codes), exponent + _E8M0_BIAS)
