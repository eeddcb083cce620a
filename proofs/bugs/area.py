"""Planted bugs in the circuits that are built small, and in what both families share."""

from fp8mac.hw.config.formats import Specials
from fp8mac.proofs.bugs.conditions import (
    has,
    has_long_products,
    has_subnormal_sums,
    is_float,
    is_ieee,
    is_kulisch,
    is_whole_kulisch,
    multiplies_floats,
    rounds_stochastically,
    rounds_to_nearest,
    saturates_ints,
    takes_ints,
)
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["AREA_MUTATIONS"]

# fmt: off
AREA_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "one of a reversed difference left to a rounding that loses it", "sum", "area.align",
        "product.significand_bits <= format_.precision + 1", "True",
        ("e2m5,bf16", "e2m5,e6m9"),
        lambda config: rounds_to_nearest(config) and has_long_products(config),
    ),
    Mutation(
        "places that a random number meets are sticky", "random number", "area.align",
        "self.config.random_bits or 1", "1",
        ("e4m3,fp16:sr=8", "e4m3,bf16:sr=8"),
        lambda config: (config.random_bits or 0) > 5,
    ),
    Mutation(
        "random number one place too low", "random number", "area.round",
        "rest[-config.random_bits :]", "rest[-config.random_bits - 1 : -1]",
        ("e4m3,fp16:sr=4", "e4m3,e5m2:sr=2"),
        rounds_stochastically,
    ),
    Mutation(
        "carry of the random number lost", "random number", "area.round",
        "up.eq(total[-1])", "up.eq(total[-2])",
        ("e4m3,fp16:sr=4", "e5m2,e4m3:sr=1"),
        rounds_stochastically,
    ),
    Mutation(
        "random number decides ties only", "random number", "area.round",
        "up.eq(total[-1])", "up.eq(rest[-1] & (rest[:-1].any() | self.random[-1]))",
        ("e4m3,fp16:sr=4", "e4m3,e5m2:sr=2"),
        rounds_stochastically,
    ),
    Mutation(
        "subnormal operand keeps exponent 0", "unpack", "area.unpack",
        "exponent | subnormal", "exponent",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: is_kulisch(config) and multiplies_floats(config),
    ),
    Mutation(
        "subnormal operand one binade low", "unpack", "area.unpack",
        "lowered.eq(-zeros)", "lowered.eq(~zeros)",
        ("e4m3,fp16", "e5m2,bf16"),
        lambda config: is_float(config) and multiplies_floats(config),
    ),
    Mutation(
        "NaN operand lost (fn)", "unpack", "parts.special",
        "Class(special, none, none)", "Class(none, none, none)",
        ("e4m3,fp16", "e4m3,kulisch"),
        has(Specials.FN),
    ),
    Mutation(
        "NaN operand lost (ieee)", "unpack", "parts.special",
        "special & mantissa.any()", "special & mantissa.all()",
        ("e5m2,fp16", "e5m2,kulisch"),
        has(Specials.IEEE),
    ),
    Mutation(
        "NaN operand lost (fnuz)", "unpack", "parts.special",
        "zero & negative", "none",
        ("e4m3fnuz,fp16", "e5m2fnuz,kulisch"),
        has(Specials.FNUZ),
    ),
    Mutation(
        "negative integer off by one", "unpack", "area.unpack",
        "+ sign),", "),",
        ("int8,fp16", "int8,e4m3,kulisch"),
        lambda config: not takes_ints(config) and not multiplies_floats(config),
    ),
    Mutation(
        "partial product ORed", "product", "area.product",
        "Mux(bit, b[:-1], 0)", "bit | b[:-1]",
        ("e4m3,fp16", "e5m2,bf16"),
        is_float,
    ),
    Mutation(
        "partial product ORed (Kulisch)", "product", "area.product",
        "Mux(bit, b, 0)", "bit | b",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_kulisch,
    ),
    Mutation(
        "sign of minus times minus", "product", "area.product",
        "a.sign ^ b.sign", "a.sign | b.sign",
        ("e4m3,fp16", "e4m3,kulisch"),
        lambda config: not takes_ints(config),
    ),
    Mutation(
        "zero product not seen", "product", "area.product",
        "a.zero | b.zero", "a.zero & b.zero",
        ("e4m3,fp16", "e5m2,fp32"),
        is_float,
    ),
    Mutation(
        "infinity times zero is infinity", "product", "area.product",
        "a.inf & b.zero", "a.inf & b.nan",
        ("e5m2,fp16", "e5m2,kulisch"),
        lambda config: config.a.has_inf,
    ),
    Mutation(
        "product aligned one binade off", "alignment", "area.align",
        "self.range.significand_bits - 1", "self.range.significand_bits",
        ("e4m3,fp16", "e4m3,fp32"),
        is_float,
    ),
    Mutation(
        "larger accumulator one place too high", "alignment", "area.align",
        "Cat(significand, 0)", "Cat(0, significand)",
        ("e4m3,fp16", "e5m2,bf16"),
        is_float,
    ),
    Mutation(
        "distance beyond the field wraps", "alignment", "area.align",
        "distance[stages:].any() | self.keep", "self.keep",
        ("e4m3,fp32", "e5m2,bf16"),
        lambda config: is_float(config) and config.acc_bits > 8,
    ),
    Mutation(
        "sticky bit lost", "sticky", "area.align",
        "sticky & ~self.keep", "sticky & self.keep",
        ("e4m3,fp16", "e5m2,bf16", "e4m3,fp16:rtz"),
        is_float,
    ),
    Mutation(
        "sticky bit of full stages only", "sticky", "parts.shifter",
        "lost.any()", "lost.all()",
        ("e4m3,fp16", "e4m3,fp32"),
        is_float,
    ),
    Mutation(
        "zero product leaves ones", "zero product", "area.align",
        "any() | self.keep", "any()",
        ("e4m3,fp16", "e5m2,fp16"),
        is_float,
    ),
    Mutation(
        "magnitude not complemented back", "sum", "area.float",
        "flip.eq(self.subtract & ~total[-1])", "flip.eq(self.subtract)",
        ("e4m3,fp16", "e5m2,bf16"),
        is_float,
    ),
    Mutation(
        "ties away from zero", "tie rule", "area.round",
        "| mantissa[0]", "| ~mantissa[0] | mantissa[0]",
        ("e4m3,fp16", "e4m3,bf16"),
        rounds_to_nearest,
    ),
    Mutation(
        "one of a reversed difference forgotten", "sum", "area.float",
        "add.negative & field.defers_increment", "add.negative & 0",
        ("e4m3,fp16", "e4m3,bf16"),
        lambda config: is_float(config) and rounds_to_nearest(config),
    ),
    Mutation(
        "subnormal accumulator shifted as far as its leading one", "subnormal sums",
        "area.float",
        "Cat(~self.still, 1,", "Cat(1, 1,",
        ("e4m3,bf16", "e5m2,fp32"),
        has_subnormal_sums,
    ),
    Mutation(
        "sign of a subnormal accumulator lost", "signed zero", "area.float",
        "~normal.significand[-1] & ~before", "~normal.significand[-1]",
        ("e4m3,bf16", "e5m2,fp32"),
        has_subnormal_sums,
    ),
    Mutation(
        "normalised beyond the smallest exponent", "subnormal sums", "parts.shifter",
        "take.eq(zero & (free | digit))", "take.eq(zero)",
        ("e4m3,fp16", "e5m2,e6m9"),
        has_subnormal_sums,
    ),
    Mutation(
        "flushes half of the numbers it has to", "subnormal sums", "area.round",
        "hidden & ~self.base[-1]", "hidden",
        ("e4m3,fp16:ftz", "e5m2,fp16:ftz"),
        lambda config: is_float(config) and not has_subnormal_sums(config),
    ),
    Mutation(
        "overflow one binade late", "overflow", "area.round",
        "above | magnitude[format_.top_bits : stored_bits].all()", "above",
        ("e4m3,fp16", "e5m2,fp16"),
        is_ieee,
    ),
    Mutation(
        "infinity minus infinity", "NaN", "area.float",
        "product.inf & c_inf & subtract", "product.inf & c_nan & subtract",
        ("e5m2,fp16", "e3m4,fp32"),
        lambda config: is_ieee(config) and (config.a.has_inf or config.b.has_inf),
    ),
    Mutation(
        "NaN accumulator forgotten", "NaN", "area.float",
        "product.nan | c_nan |", "product.nan |",
        ("e4m3,fp16", "e5m2,bf16"),
        is_ieee,
    ),
    Mutation(
        "cancellation gives -0", "signed zero", "area.float",
        "& ~(subtract & nothing)", "",
        ("e4m3,fp16", "e5m2,bf16"),
        is_float,
    ),
    Mutation(
        "negative product off by one", "Kulisch sign", "area.kulisch",
        "Cat(sign, addend)", "Cat(0, addend)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_whole_kulisch,
    ),
    Mutation(
        "guard bits miss the sign", "Kulisch sign", "area.kulisch",
        "low[-1] ^ sign", "low[-1]",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_whole_kulisch,
    ),
    Mutation(
        "guard bits count up only", "Kulisch guard", "area.kulisch",
        "step & (bit ^ sign)", "step & bit",
        ("e4m3,kulisch", "e5m2,kulisch"),
        is_whole_kulisch,
    ),
    Mutation(
        "Booth digit 2 lost", "Booth", "area.integer",
        "(high ^ middle) & ~one", "high & ~one",
        ("int8,int32", "int8,kulisch"),
        takes_ints,
    ),
    Mutation(
        "saturates below, wraps above", "saturation", "area.integer",
        "total[-1] != total[-2]", "total[-1] & ~total[-2]",
        ("int4,int8,int16:saturate", "int8,int32:saturate"),
        saturates_ints,
    ),
)
# fmt: on
"""In the order of the data path."""
