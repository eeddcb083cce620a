# amaranth: UnusedElaboratable=no
"""Cores of formats and options that the grid does not have, on the synthesised netlist."""

import pytest
from circuits import mapped_rtlil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.accumulators import FloatAccConfig, KulischConfig
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow, Rounding, Specials
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import biased_triples

OPTIONS = ["", ":rtz", ":ftz", ":saturate", ":rtz:ftz", ":ftz:saturate", ":rtz:saturate"]
UNITS = [("e4m3", "e4m3", "fp16" + options) for options in OPTIONS]
UNITS += [("e5m2", "e5m2", "fp16" + options) for options in OPTIONS[1:4]]
# Accumulators without infinities, without NaN, without -0; narrower than their operands.
UNITS += [("e5m2", "e5m2", "e4m3"), ("e4m3", "e4m3", "e4m3fnuz"), ("e5m2", "e4m3", "e5m6none")]
UNITS += [("e5m2", "e5m2", "e4m3:saturate"), ("e3m4", "e3m4", "e2m1"), ("e4m3", "e4m3", "e5m2")]
# Products far above and far below the accumulator, and one format with no exponent to speak of.
UNITS += [
    ("e4m3b40", "e4m3b40", "fp16"),
    ("e4m3b-40", "e4m3", "fp16"),
    ("e1m6none", "e4m3", "e1m9fn"),
]
# Integers and mixed operands.
UNITS += [("int8", "e4m3", "fp16"), ("int4", "e5m2", "bf16"), ("int8s", "int8s", "fp32")]
UNITS += [("e4m3", "e5m2", "fp16"), ("e4m3", "e5m2", "kulisch:5"), ("int8", "e4m3", "kulisch")]
UNITS += [
    ("int4", "int8", "kulisch:3"),
    ("int8", "int8", "int24:saturate"),
    ("int8", "int4", "int12"),
]
UNITS += [("bf16", "bf16", "kulisch:0"), ("fp16", "fp16", "fp32"), ("bf16", "e4m3", "fp32")]


def check(config: MacConfig, count: int, seed: int) -> None:
    top = module_name(config, Shape.CORE)
    netlist = mapped_rtlil(rtlil_text(config, Shape.CORE), top)
    mismatches = check_core(config, netlist, biased_triples(config, count, seed))
    assert not mismatches, f"{config.slug}: {len(mismatches)} wrong, first {mismatches[0]}"


@pytest.mark.parametrize(("a", "b", "acc"), one_in(9, UNITS), ids=lambda part: part)
def test_core_biased_triples(a, b, acc):
    check(parse_unit(a, b, acc=acc), count=70_000, seed=1)


def floats(exponent_bits: int, mantissa_bits: int) -> st.SearchStrategy[FloatFormat]:
    return st.builds(
        FloatFormat,
        exponent_bits=st.integers(2, exponent_bits),
        mantissa_bits=st.integers(1, mantissa_bits),
        bias=st.none() | st.integers(-4, 40),
        specials=st.sampled_from(Specials),
    )


OPERANDS = floats(5, 5) | st.builds(IntFormat, st.integers(2, 8), st.booleans())
ACCUMULATORS = st.builds(KulischConfig, st.integers(0, 14)) | st.builds(
    FloatAccConfig,
    floats(8, 13),
    st.sampled_from([Rounding.RNE, Rounding.RTZ]),
    st.sampled_from([Overflow.TO_SPECIAL, Overflow.SATURATE]),
    st.booleans(),
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(a=OPERANDS, b=OPERANDS, accumulator=ACCUMULATORS)
def test_core_any_configuration(a, b, accumulator):
    check(MacConfig(a, b, accumulator), count=5_000, seed=2)
