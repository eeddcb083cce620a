"""Planted bugs around the cores: registers, enable, clear, stages, flags, and the output."""

from fp8mac.hw.config.structure import Goal
from fp8mac.proofs.bugs.conditions import (
    has_output,
    is_piped,
    output_overflows,
    rounds_output_to_nearest,
    takes_ints,
)
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["UNIT_MUTATIONS"]

# fmt: off
UNIT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "flag of the wrong infinity", "flags", "parts.special",
        "(product.inf & product.sign)", "product.inf",
        ("e5m2,kulisch", "e3m4,kulisch"),
        lambda config: "neg_inf" in config.flags,
        goals=tuple(Goal),
    ),
    Mutation(
        "clear acts without enable", "enable", "units.mac",
        "m.If(en)", "m.If(en | clear)",
        ("e4m3,fp16", "e4m3,kulisch", "int8,int32"),
        lambda config: True,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "clear adds to the old sum", "clear", "units.mac",
        "Mux(clear, 0, self.acc)", "self.acc",
        ("e4m3,fp16", "e4m3,kulisch", "int8,int32"),
        lambda config: True,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: bits below lost", "output", "area.output",
        'x[:below].all(), x[:below].any()', 'x[:below].all(), x[:below].all()',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        has_output,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: ones below a negative sum count as some", "output", "area.output",
        'x[:below].all(), x', 'x[:below].any(), x',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        has_output,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: leading one missed by a place", "output", "area.output",
        'take.eq(~x[-step:].any())', 'take.eq(~x[1 - step :].any())',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        has_output,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: exponent one too high", "output", "area.output",
        'lowest = top - 1 - most', 'lowest = top - most',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        has_output,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: sign of infinity", "output", "area.output",
        'Mux(self.inf, self.negative, sign)', 'sign',
        ("e5m2 -> kulisch:3, output fp16", "e5m2 -> kulisch:0, output bf16"),
        lambda config: has_output(config) and len(config.flags) == 2,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: zero is negative", "output", "area.output",
        'Cat(sign, self.value[:-1] ^', 'Cat(1, self.value[:-1] ^',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        has_output,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: overflow one binade late", "output", "area.round",
        'above | magnitude[format_.top_bits : stored_bits].all()', 'above',
        ("e4m3 -> kulisch:3, output fp16", "int16 -> int32, output fp16"),
        output_overflows,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: ties away from zero", "output", "area.round",
        '| mantissa[0]', '| ~mantissa[0] | mantissa[0]',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        rounds_output_to_nearest,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: ties of negative sums away", "output", "area.round",
        '(rest[:-1].all() & mantissa[0])', 'rest[:-1].all()',
        ("e4m3 -> kulisch:3, output fp16", "int8 -> int32, output bf16"),
        rounds_output_to_nearest,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "output: NaN lost", "output", "units.mac",
        'return {"nan": flags[0]} if flags', 'return {} if flags',
        ("e4m3 -> kulisch:3, output fp16", "e4m3 -> kulisch:0, output bf16"),
        lambda config: has_output(config) and config.flags == ("nan",),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "clear overtakes its product", "stages", "units.mac",
        "en, clear = adds, begins", "en, clear = adds, self.clear",
        ("e4m3 -> kulisch:3, stages 2", "int8 -> int32, stages 2"),
        is_piped,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "a bubble is added", "stages", "units.mac",
        "adds.eq(en)", "adds.eq(1)",
        ("e4m3 -> kulisch:3, stages 2", "e4m3 -> fp16, stages 2"),
        is_piped,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "what is on its way outlives a reset", "stages", "units.mac",
        'adds = Signal(name=f"adds{again}")', 'adds = Signal(name=f"adds{again}", reset_less=True)',
        ("e4m3 -> kulisch:3, stages 2", "e4m3 -> fp16, stages 2"),
        is_piped,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "flags overtake their product", "stages", "units.core",
        "raised = gap.cross(m, raised)", "gap.cross(m, raised)",
        ("e4m3 -> kulisch:3, stages 3", "e5m2 -> kulisch:3, stages 3"),
        lambda config: config.stages > 2 and bool(config.flags),
        registered=True, goals=(Goal.AREA, Goal.SPEED),
    ),
    Mutation(
        "operands not registered", "stages", "units.core",
        "given = self.held", "given = Cat(self.a, self.b)",
        ("int8 -> int32, stages 2", "int4 -> int16, stages 2"),
        lambda config: is_piped(config) and takes_ints(config),
        registered=True, goals=(Goal.AREA, Goal.SPEED),
    ),
    Mutation(
        "flag not sticky", "flags", "units.mac",
        "raised | (sticky & ~clear)", "raised",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: bool(config.flags),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "clear keeps the flag", "flags", "units.mac",
        "(sticky & ~clear)", "sticky",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: bool(config.flags),
        registered=True, goals=tuple(Goal),
    ),
)
# fmt: on
"""In the order of the data path."""
