"""Planted bugs in the circuits of tables and carry chains."""

from dataclasses import replace

from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.conditions import (
    is_float,
    is_kulisch,
    multiplies_floats,
    saturates_ints,
    takes_ints,
)
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["FPGA_MUTATIONS"]


def _is_exact(config: MacConfig) -> bool:
    """Whether sums are exact, or wrap."""
    return not is_float(config) and not saturates_ints(config)


# fmt: off
_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "one of a sign bit left out", "product", "fpga.multiply",
        "rows[0], most[0] = Cat(rows[0], 1)", "rows[0], most[0] = Cat(rows[0], 0)",
        ("int8,int32", "int4,kulisch"),
        lambda config: takes_ints(config) and config.a.bits == config.b.bits,
    ),
    Mutation(
        "carry of a sign bit left out", "product", "fpga.multiply",
        "Cat(1, high))[1:]", "Cat(0, high))[1:]",
        ("int4,int8,int16:saturate", "int8,int4,int32"),
        lambda config: takes_ints(config) and config.a.bits != config.b.bits,
    ),
    Mutation(
        "carry out of a row lost", "product", "fpga.multiply",
        "bits = bounds[-1].bit_length()", "bits = bounds[-1].bit_length() - 1",
        ("int8,int32", "e4m3,kulisch", "e4m3,fp16"),
        lambda config: True,
    ),
    Mutation(
        "negative significand off by one", "product", "fpga.product",
        "bit ^ (sign & any_)", "bit ^ sign",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: is_kulisch(config) and multiplies_floats(config),
    ),
    Mutation(
        "sign lost in the shifter", "alignment", "fpga.kulisch",
        "Cat(value, sign)", "Cat(value, Const(0, step))",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: is_kulisch(config) and multiplies_floats(config),
    ),
    Mutation(
        "product not extended to the guard bits", "Kulisch sign", "fpga.kulisch",
        "addend.eq(aligned.as_signed())", "addend.eq(aligned)",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: is_kulisch(config) and multiplies_floats(config),
    ),
    Mutation(
        "limit of the other sign", "saturation", "fpga.integer",
        "Cat((~total[-1]).replicate(self._width - 1), total[-1])",
        "Cat(total[-1].replicate(self._width - 1), ~total[-1])",
        ("int4,int8,int16:saturate", "int8,int32:saturate"),
        saturates_ints,
    ),
    Mutation(
        "sum begins with a product and what was there (saturating)", "clear", "fpga.integer",
        "Mux(self.clear, addend, Mux(overflow, limit, total[:-1]))",
        "Mux(overflow, limit, total[:-1])",
        ("int8,int32:saturate", "int4,int8,int16:saturate"),
        saturates_ints,
        registered=True,
    ),
    Mutation(
        "sum begins with a product and what was there", "clear", "fpga.add",
        "Mux(clear, addend, (word + addend)[:width])", "(word + addend)[:width]",
        ("e4m3,kulisch", "e5m2,kulisch", "int8,int32"),
        lambda config: _is_exact(config) and not config.segment_bits,
        registered=True,
    ),
    Mutation(
        "segment keeps what was there where a sum begins", "clear", "fpga.add",
        "Mux(clear, number, total[:-1])", "total[:-1]",
        ("e4m3,kulisch:segmented=10", "int8,int32:segmented=8"),
        lambda config: bool(config.segment_bits),
        registered=True,
    ),
    Mutation(
        "carry out of a segment kept where a sum begins", "clear", "fpga.add",
        "total[-1] & ~clear", "total[-1]",
        ("e4m3,kulisch:segmented=10", "int8,int32:segmented=8"),
        lambda config: bool(config.segment_bits),
        registered=True,
    ),
    Mutation(
        "carry not added to its segment", "segments", "fpga.add",
        "Cat(entering, low)", "Cat(0, low)",
        ("e4m3,kulisch:segmented=10", "int8,int32:segmented=8"),
        lambda config: bool(config.segment_bits),
    ),
    Mutation(
        "carry into the wrong segment", "segments", "fpga.add",
        "accumulator.c_carry[at - 1]", "accumulator.c_carry[0]",
        ("e4m3,kulisch:segmented=10", "int8,int32:segmented=8"),
        lambda config: len(config.carry_places) > 1,
    ),
)
_BLOCKS = Mutation(
    "top bit of a product lost in its block", "product", "fpga.multiply",
    "return a * b", "return (a * b)[:-1]",
    ("int8,int32", "e4m3,kulisch", "e4m3,fp16"),
    lambda config: True,
    goals=(Goal.FPGA_DSP,),
)
# fmt: on


def _with_goals(mutation: Mutation) -> Mutation:
    """Rows are of one goal, what takes their place of the other; all else is of both."""
    rows = mutation.module == "fpga.multiply"
    return replace(mutation, goals=(Goal.FPGA,) if rows else (Goal.FPGA, Goal.FPGA_DSP))


FPGA_MUTATIONS = (*map(_with_goals, _MUTATIONS), _BLOCKS)
"""In the order of the data path."""
