"""Planted bugs in the circuits that are built for a short path, see `bugs.mutations`."""

from dataclasses import replace

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Specials
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.layout import NumberRange, operand_range
from fp8mac.hw.speed.dual_path import DualPathAccumulator
from fp8mac.hw.speed.frame_shape import FrameShape
from fp8mac.proofs.bugs.conditions import (
    has,
    is_float,
    is_kulisch,
    is_segmented,
    is_whole_kulisch,
    rounds_stochastically,
    rounds_to_nearest,
    saturates_ints,
    takes_ints,
)
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["SPEED_MUTATIONS"]


def _has_tables(config: MacConfig) -> bool:
    """Whether products are read from tables."""
    operands = (config.a, config.b)
    return all(isinstance(each, FloatFormat) and each.mantissa_bits <= 3 for each in operands)


def _factors(config: MacConfig) -> tuple[NumberRange, NumberRange]:
    return operand_range(config.a, normalised=True), operand_range(config.b, normalised=True)


def _bits_of_product(config: MacConfig) -> int:
    return sum(factor.significand_bits for factor in _factors(config))


def _precision(config: MacConfig) -> int:
    acc = config.accumulator
    return acc.format.precision if isinstance(acc, FloatAccConfig) else 0


def _is_dual(config: MacConfig) -> bool:
    """Whether there are two paths."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and DualPathAccumulator.fits(_factors(config), acc)


def _is_single(config: MacConfig) -> bool:
    return is_float(config) and not _is_dual(config)


def _is_flat(config: MacConfig) -> bool:
    """Whether products have bits below the accumulator's last one."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and FrameShape(_factors(config), acc, 0).has_flat_sums


# fmt: off
# Those that few units have come first: a plan takes the first of those that it took least.
_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "random number one place too low (fast)", "random number", "speed.round",
        "rest[-config.random_bits :]", "rest[-config.random_bits - 1 : -1]",
        ("e4m3,fp16:sr=4", "e4m3,e5m2:sr=2"),
        rounds_stochastically,
    ),
    Mutation(
        "carry of the random number lost (fast)", "random number", "speed.round",
        "adder=self._adder)[-1]", "adder=self._adder)[-2]",
        ("e4m3,fp16:sr=4", "e5m2,e4m3:sr=1"),
        rounds_stochastically,
    ),
    Mutation(
        "random number decides ties only (fast)", "random number", "speed.round",
        'add(m, chance, self.random, name="chance", adder=self._adder)[-1]',
        "rest[-1] & (rest[:-1].any() | self.random[-1])",
        ("e4m3,fp16:sr=4", "e4m3,e5m2:sr=2"),
        rounds_stochastically,
    ),
    Mutation(
        "number far below lost", "sticky", "speed.frames",
        "sticky | (moved.any() & ~met)", "sticky",
        ("e4m3,fp16:rtz:ftz", "e4m3,fp16:rtz"),
        lambda config: is_float(config) and "rtz" in config.accumulator.name,
    ),
    Mutation(
        "overflow one binade late (fast)", "overflow", "speed.far_path",
        "at_least(exponent, (1 << width) - 1)", "at_least(exponent, 1 << width)",
        ("e4m3,fp16", "e5m2,fp16"),
        lambda config: _is_dual(config) and _precision(config) == 11,
    ),
    Mutation(
        "near difference that has to be rounded", "paths", "speed.dual_path",
        "minus_1 &= ~frames.c[-2]", "minus_1 &= Const(1, 1)",
        ("e4m3,bf16",),
        lambda config: _is_dual(config) and _bits_of_product(config) >= _precision(config),
    ),
    Mutation(
        "flat difference keeps its sign", "flat sums", "speed.far_path",
        "choose(exact, first[-1], second[-1])", "first[-1]",
        ("e5m2,fp16", "e4m3,e5m2,fp16"),
        lambda config: _is_dual(config) and _is_flat(config),
    ),
    Mutation(
        "borrow into the low places lost", "near path", "speed.near_path",
        "none & ~equal, negated", "none & ~equal, self.x[:low]",
        ("e4m3,fp32", "e5m2,fp32"),
        lambda config: _is_dual(config) and _precision(config) > 20,
    ),
    Mutation(
        "carry passes a dead place", "prefix", "parts.prefix",
        "upper | (upper_live & lower)", "upper | lower",
        ("int8,int32", "e4m3,kulisch"),
        lambda config: not (is_segmented(config) and takes_ints(config)),
    ),
    Mutation(
        "subnormal operand keeps exponent 0 (fast)", "unpack", "speed.unpack",
        "Cat(stored | ~hidden, 0)", "Cat(stored, 0)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: not takes_ints(config) and _has_tables(config),
    ),
    Mutation(
        "NaN operand lost (fast, fn)", "unpack", "parts.special",
        "Class(special, none, none)", "Class(none, none, none)",
        ("e4m3,kulisch",),
        has(Specials.FN),
    ),
    Mutation(
        "NaN operand lost (fast, ieee)", "unpack", "parts.special",
        "special & mantissa.any()", "special & mantissa.all()",
        ("e5m2,kulisch",),
        has(Specials.IEEE),
    ),
    Mutation(
        "NaN operand lost (fast, fnuz)", "unpack", "parts.special",
        "negative & ~code[:-1].any()", "negative & code[:-1].any()",
        ("e5m2fnuz,kulisch",),
        has(Specials.FNUZ),
    ),
    Mutation(
        "table of the wrong product", "product", "speed.product",
        "code | hidden_a << len(a)", "code | hidden_b << len(a)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: _has_tables(config) and not is_segmented(config),
    ),
    Mutation(
        "sign of minus times minus (fast)", "product", "speed.product",
        "self.a[-1] ^ self.b[-1]", "self.a[-1] | self.b[-1]",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: not takes_ints(config),
    ),
    Mutation(
        "product in the wrong group (Kulisch)", "alignment", "speed.kulisch",
        "amount[fine:] == group", "amount[fine:] == (group ^ 1)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_kulisch,
    ),
    Mutation(
        "accumulator not complemented", "Kulisch sign", "speed.kulisch",
        "self.c ^ sign.replicate(self._width)", "self.c",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_whole_kulisch,
    ),
    Mutation(
        "product of two signs subtracted", "product", "speed.integer",
        "(i == len(a) - 1) == (j == len(b) - 1)", "max(i - len(a), j - len(b)) < -1",
        ("int8,int32", "int8,kulisch"),
        takes_ints,
    ),
    Mutation(
        "carry of a full adder lost", "tree", "parts.carry_save",
        "(a & b) | ((a | b) & c)", "(a & b) | (a & c)",
        ("int8,int32", "int8,kulisch"),
        takes_ints,
    ),
    Mutation(
        "saturates below, wraps above (fast)", "saturation", "speed.integer",
        "total[-1] ^ total[-2]", "total[-1] & ~total[-2]",
        ("int4,int8,int16:saturate", "int8,int32:saturate"),
        saturates_ints,
    ),
    Mutation(
        "subnormal fraction shifted the wrong way", "unpack", "speed.unpack",
        "leading[::-1] & subnormal", "leading & subnormal",
        ("e4m3,fp16", "e4m3,bf16"),
        lambda config: _has_tables(config) and is_float(config),
    ),
    Mutation(
        "product one binade off (fast)", "alignment", "speed.frame_shape",
        "- self.exponent_offset - 1", "- self.exponent_offset",
        ("e4m3,fp16", "e4m3,fp32"),
        is_float,
    ),
    Mutation(
        "sticky bit of the last place lost", "sticky", "speed.frames",
        "sticky | (top & shifted[0])", "sticky",
        ("e4m3,fp16", "e5m2,bf16"),
        is_float,
    ),
    Mutation(
        "product of two binades in the other frame", "frames", "speed.frames",
        "above | (top & is_at[1])", "above",
        ("e4m3,fp16", "e5m2,fp16"),
        _is_dual,
    ),
    Mutation(
        "equal exponents are far", "paths", "speed.dual_path",
        "minus_1 | apart.zero | plus_1 | smallest", "minus_1 | plus_1 | smallest",
        ("e4m3,fp16", "e4m3,fp32"),
        lambda config: _is_dual(config) and not _is_flat(config),
    ),
    Mutation(
        "subnormal accumulator is near", "paths", "speed.dual_path",
        "~frames.leading[-2] & normal", "~frames.leading[-2]",
        ("e4m3,fp16", "e5m2,fp16"),
        _is_dual,
    ),
    Mutation(
        "infinity minus infinity (fast)", "NaN", "speed.dual_path",
        "product.inf & infinite & subtract", "product.inf & is_nan & subtract",
        ("e5m2,fp16", "e5m2,bf16"),
        lambda config: _is_dual(config) and (config.a.has_inf or config.b.has_inf),
    ),
    Mutation(
        "cancellation gives -0 (fast)", "signed zero", "speed.dual_path",
        " & ~near.zero", "",
        ("e4m3,fp16", "e5m2,bf16"),
        _is_dual,
    ),
    Mutation(
        "normalised beyond the smallest exponent (fast)", "subnormal sums", "speed.near_path",
        "(first & limits).any()", "Const(0, 1)",
        ("e4m3,fp16", "e5m2,e6m9"),
        is_float,
    ),
    Mutation(
        "leading one expected without the digit below", "leading one", "speed.near_path",
        "(more & ~less_below) | (less & ~more_below)", "more | less",
        ("e4m3,fp16", "e4m3,fp32"),
        is_float,
    ),
    Mutation(
        "borrow of the top place lost", "near path", "speed.near_path",
        "more[-1] & ~self.y[-1]", "more[-1]",
        ("e4m3,fp16", "e4m3,fp32"),
        _is_dual,
    ),
    Mutation(
        "carry rounded without the bits below", "rounding", "speed.far_path",
        "last & (last_but_one | g | r | t)", "last & last_but_one",
        ("e4m3,fp16", "e5m2,bf16"),
        _is_dual,
    ),
    Mutation(
        "ties to odd", "tie rule", "speed.far_path",
        "h & (i | t | last)", "h & (i | t | ~last)",
        ("e4m3,fp16", "e4m3,bf16"),
        _is_dual,
    ),
    Mutation(
        "last bit of a difference not rounded", "rounding", "speed.far_path",
        "choose(h, ~i, i & t)", "h",
        ("e4m3,fp16", "e5m2,fp32"),
        _is_dual,
    ),
    Mutation(
        "bit that a carry pushes out lost", "rounding", "speed.single_path",
        "total[0] | total[1]", "total[1]",
        ("e4m3,e5m4:saturate", "e4m3,fp16:saturate"),
        lambda config: _is_single(config) and rounds_to_nearest(config),
    ),
    Mutation(
        "ties away from zero (fast)", "tie rule", "speed.round",
        "rest[:-1].any() | kept[0]", "rest[:-1].any() | ~kept[0] | kept[0]",
        ("e4m3,fp16:saturate", "e2m5,fp16"),
        lambda config: _is_single(config) and rounds_to_nearest(config),
    ),
    Mutation(
        "subnormal sums kept", "subnormal sums", "speed.round",
        "magnitude &= kept[-1].replicate(len(magnitude))", "magnitude &= Const(-1, len(magnitude))",
        ("e4m3,fp16:rtz:ftz", "e5m2,fp16:ftz"),
        lambda config: _is_single(config) and "ftz" in config.accumulator.name,
    ),
    Mutation(
        "largest number plus one ulp", "overflow", "speed.round",
        "format_.max_code + 1)", "format_.max_code + 2)",
        ("e4m3,fp16:saturate", "e5m2,fp16:saturate"),
        lambda config: _is_single(config) and "saturate" in config.accumulator.name,
    ),
)
# fmt: on

SPEED_MUTATIONS = tuple(replace(each, goals=(Goal.SPEED,)) for each in _MUTATIONS)
"""Bugs in modules that only circuits built for speed use."""
