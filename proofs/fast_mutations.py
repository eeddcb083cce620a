"""Planted bugs in the circuits that are built for a short path, see `fp8mac.proofs.mutations`."""

from collections.abc import Callable
from dataclasses import replace

from fp8mac.hw.config import FloatAccConfig, Goal, IntAccConfig, KulischConfig, MacConfig
from fp8mac.hw.formats import FloatFormat, IntFormat, Overflow, Specials
from fp8mac.proofs.planting import Mutation

__all__ = ["SPEED_MUTATIONS"]


def _is_float(config: MacConfig) -> bool:
    return isinstance(config.accumulator, FloatAccConfig)


def _takes_ints(config: MacConfig) -> bool:
    """Whether both operands are products of bits in one tree."""
    ints = isinstance(config.a, IntFormat) and isinstance(config.b, IntFormat)
    return ints and not _is_float(config)


def _is_kulisch(config: MacConfig) -> bool:
    return isinstance(config.accumulator, KulischConfig) and not _takes_ints(config)


def _has(specials: Specials) -> Callable[[MacConfig], bool]:
    return lambda config: any(
        getattr(format_, "specials", None) is specials for format_ in (config.a, config.b)
    )


def _has_tables(config: MacConfig) -> bool:
    """Whether products are read from tables."""
    operands = (config.a, config.b)
    return all(isinstance(each, FloatFormat) and each.mantissa_bits <= 3 for each in operands)


def _saturates_ints(config: MacConfig) -> bool:
    acc = config.accumulator
    return isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE


# fmt: off
_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "carry passes a dead place", "prefix", "prefix",
        "upper | (upper_live & lower)", "upper | lower",
        ("int8,int32", "e4m3,kulisch"),
        lambda config: True,
    ),
    Mutation(
        "subnormal operand keeps exponent 0 (fast)", "unpack", "fast_product",
        "Cat(stored | ~normal, 0)", "Cat(stored, 0)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: _is_kulisch(config) and _has_tables(config),
    ),
    Mutation(
        "NaN operand lost (fast, fn)", "unpack", "fast_product",
        "Const(0, 1), code[:-1].all()", "Const(0, 1), Const(0, 1)",
        ("e4m3,kulisch",),
        _has(Specials.FN),
    ),
    Mutation(
        "NaN operand lost (fast, ieee)", "unpack", "fast_product",
        "special & mantissa.any()", "special & mantissa.all()",
        ("e5m2,kulisch",),
        _has(Specials.IEEE),
    ),
    Mutation(
        "NaN operand lost (fast, fnuz)", "unpack", "fast_product",
        "code[-1] & ~code[:-1].any()", "code[-1] & code[:-1].any()",
        ("e5m2fnuz,kulisch",),
        _has(Specials.FNUZ),
    ),
    Mutation(
        "table of the wrong product", "product", "fast_product",
        "code | hidden_a << len(a)", "code | hidden_b << len(a)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        _has_tables,
    ),
    Mutation(
        "sign of minus times minus (fast)", "product", "fast_product",
        "self.a[-1] ^ self.b[-1]", "self.a[-1] | self.b[-1]",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: not _takes_ints(config),
    ),
    Mutation(
        "product in the wrong group", "alignment", "fast_kulisch",
        "amount[fine:] == group", "amount[fine:] == (group ^ 1)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        _is_kulisch,
    ),
    Mutation(
        "accumulator not complemented", "Kulisch sign", "fast_kulisch",
        "self.c ^ sign.replicate(self._width)", "self.c",
        ("e4m3,kulisch", "e5m2,kulisch"),
        _is_kulisch,
    ),
    Mutation(
        "product of two signs subtracted", "product", "fast_int",
        "(i == len(a) - 1) == (j == len(b) - 1)", "max(i - len(a), j - len(b)) < -1",
        ("int8,int32", "int8,kulisch"),
        _takes_ints,
    ),
    Mutation(
        "carry of a full adder lost", "tree", "carry_save",
        "(a & b) | ((a | b) & c)", "(a & b) | (a & c)",
        ("int8,int32", "int8,kulisch"),
        _takes_ints,
    ),
    Mutation(
        "saturates below, wraps above (fast)", "saturation", "fast_int",
        "total[-1] ^ total[-2]", "total[-1] & ~total[-2]",
        ("int4,int8,int16:saturate", "int8,int32:saturate"),
        _saturates_ints,
    ),
)
# fmt: on

SPEED_MUTATIONS = tuple(replace(each, goals=(Goal.SPEED,)) for each in _MUTATIONS)
"""Bugs in modules that only circuits built for speed use."""
