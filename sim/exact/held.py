"""What an accumulator holds: patterns of exact sums, values of patterns, flags.

# Ref: IEEE 754-2019, sections 6.3 (the sign bit), 7.4 (overflow)
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig, IntAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, Overflow, Rounding, ZeroSign
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact.codecs import REGISTERS, FixedPointCodec, FloatCodec, codec, decode
from fp8mac.sim.exact.values import Kind, Value, multiply

__all__ = ["Held", "State", "flushed", "raised_flags", "read", "register"]

# Plain globals: several times faster to read than members of a class.
_FINITE, _INF = Kind.FINITE, Kind.INF
_IEEE, _PLUS = ZeroSign.IEEE, ZeroSign.PLUS


class State(NamedTuple):
    """What a unit holds.

    ``acc`` is a pattern of ``config.acc_bits`` bits: a code of a float accumulator, two's
    complement in units of ``2**config.product_lsb_exponent`` otherwise; None, for not specified,
    while a flag is raised. ``flags`` are in the order of ``config.flags``.
    """

    acc: int | None
    flags: tuple[bool, ...]


class Held(NamedTuple):
    """Accumulator of a unit that adds products one by one, and what reaches it."""

    product: Callable[[int, int], Value]
    """Exact product of two codes, as the unit reads them."""
    codec: FloatCodec | FixedPointCodec
    rounding: Rounding
    random_bits: int
    overflow: Overflow
    overflow_of_inf: Overflow
    flags: tuple[str, ...]
    no_flags: tuple[bool, ...]
    """Flags of which none is raised, in the order of ``config.flags``."""
    flushes: FloatFormat | None
    zero: ZeroSign

    def read(self, acc: int) -> Value:
        """Value of a pattern; the function `read` says more."""
        value = self.codec.decode(acc)
        return value if self.flushes is None else flushed(self.flushes, value)

    def hold(self, total: Value, random: int | None = None) -> int:
        """Pattern that is held for an exact sum: `encode`, with the unit's own rules."""
        zero = self.zero
        if zero is not _IEEE and total.kind is _FINITE and not total.magnitude:
            total = Value(0, 0, total.exponent)
        overflow = self.overflow_of_inf if total.kind is _INF else self.overflow
        pattern = self.codec.encode(total, self.rounding, overflow, random, self.random_bits)
        if self.flushes is None and zero is not _PLUS:
            return pattern
        value = self.codec.decode(pattern)
        if self.flushes is not None:
            value = flushed(self.flushes, value, sign=True)
        if value.kind is _FINITE and not value.magnitude:
            sign = value.sign and zero is not _PLUS
            return self.codec.encode(
                Value(int(sign), 0, 0), self.rounding, overflow, 0, self.random_bits
            )
        return pattern

    def rounded(self, value: Value) -> Value:
        """Number that is left of an exact one when it is rounded as a float accumulator is."""
        return self.codec.decode(self.hold(value))

    def raised(self, products: Iterable[Value]) -> tuple[bool, ...]:
        """Flags that products raise, in the order of ``config.flags``."""
        raised = self.no_flags
        for product in products if self.flags else ():
            if product.kind is not _FINITE:
                raised = tuple(
                    before or _is_raised(flag, product)
                    for before, flag in zip(raised, self.flags, strict=True)
                )
        return raised


@lru_cache(maxsize=64)
def register(config: MacConfig) -> Held:
    """Accumulator of a unit.

    Raises
    ------
    ConfigError
        If the unit does not add products one by one.
    """
    if config != config.plain:
        raise ConfigError(
            f"The golden model adds products one by one; `fp8mac.sim.gemm` computes {config.text}."
        )
    accumulator = config.accumulator
    rounding, random_bits, overflow = Rounding.RNE, 0, Overflow.WRAP
    if isinstance(accumulator, FloatAccConfig):
        codes = codec(accumulator.format, accumulator.subnormals)
        rounding, overflow = accumulator.rounding, accumulator.overflow
        random_bits = accumulator.random_bits or 0
    else:
        kind = REGISTERS[type(accumulator)]
        codes = kind(accumulator.name, config.acc_bits, config.product_lsb_exponent)
        if isinstance(accumulator, IntAccConfig):
            overflow = accumulator.overflow
    floats = accumulator if isinstance(accumulator, FloatAccConfig) else None
    holds_inf = floats is not None and floats.format.has_inf
    flushes = floats.format if floats is not None and floats.flushes else None
    return Held(
        product=_product(config.a, config.b, flushes is not None),
        codec=codes,
        rounding=rounding,
        random_bits=random_bits,
        overflow=overflow,
        overflow_of_inf=Overflow.TO_SPECIAL if holds_inf else overflow,
        flags=config.flags,
        no_flags=(False,) * len(config.flags),
        flushes=flushes,
        zero=ZeroSign.IEEE if floats is None else floats.zero,
    )


@lru_cache(maxsize=8)
def _product(a: Format, b: Format, flushes: bool) -> Callable[[int, int], Value]:
    """Product of two codes, which remembers all pairs of 8-bit codes."""

    def product(x: int, y: int) -> Value:
        left, right = decode(a, x), decode(b, y)
        return multiply(flushed(a, left), flushed(b, right)) if flushes else multiply(left, right)

    return lru_cache(maxsize=1 << 16)(product)


def flushed(format_: Format, value: Value, sign: bool = False) -> Value:
    """The number; +0 in place of a subnormal one, or a zero of its sign."""
    if not isinstance(format_, FloatFormat) or value.kind is not _FINITE:
        return value
    leading = value.exponent + value.magnitude.bit_length() - 1
    if value.magnitude and leading < format_.emin:
        return Value(value.sign if sign else 0, 0, value.exponent)
    return value


def read(config: MacConfig, acc: int) -> Value:
    """Value of an accumulator pattern, as the next step reads it.

    Raises
    ------
    ValueError
        If the accumulator has no such pattern.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> read(parse_unit("e4m3", acc="fp16"), 0xC000).fraction
    Fraction(-2, 1)
    """
    return register(config).read(acc)


def raised_flags(config: MacConfig, products: Iterable[Value]) -> tuple[bool, ...]:
    """Flags that products raise, in the order of ``config.flags``."""
    return register(config).raised(products)


def _is_raised(flag: str, product: Value) -> bool:
    return product.kind is Kind.NAN or flag == ("neg_inf" if product.sign else "pos_inf")
