# amaranth: UnusedElaboratable=no
"""Units built for a short path against the golden model; they are proved as well."""

import numpy as np
import pytest
from circuits import all_pairs, mapped_rtlil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import FloatFormat, FormatError, IntFormat, Specials, parse_format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.hw.speed.dual_path import DualPathAccumulator
from fp8mac.hw.speed.kulisch import FastKulischAccumulator
from fp8mac.hw.speed.product import FastMultiplier
from fp8mac.hw.speed.single_path import FastSinglePathAccumulator
from fp8mac.proofs.bugs.planting import parse_unit_text
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import Triples, biased_triples


def netlist(config: MacConfig):
    top = module_name(config, Shape.CORE, goal=Goal.SPEED)
    return mapped_rtlil(rtlil_text(config, Shape.CORE, goal=Goal.SPEED), top)


@pytest.mark.parametrize(
    "unit",
    one_in(
        4,
        [
            ("e4m3,fp16",),  # two paths
            ("e5m2,fp16",),
            ("e4m3,bf16",),
            ("e4m3,fp32",),
            ("e3m4fnuz,e2m1,e5m4fnuz",),  # one path
            ("e4m3,fp16:rtz:ftz:saturate",),
            ("int4,e4m3,e6m9",),
            ("e2m1,fp16",),
            ("e5m2,e4m3fnuz,kulisch:0",),  # fixed point
            ("e2m5,fp16",),
            ("int3,e2m5,kulisch:64",),
            ("int8,int5,int14",),
            ("int8,int32:saturate",),
        ],
    ),
)
def test_unit_is_right(unit):
    config = parse_unit_text(unit)
    count = 12_000
    triples = biased_triples(config, count, seed=7)
    assert len(triples.a) == count
    assert check_core(config, netlist(config), triples) == []


@pytest.mark.parametrize("unit", one_in(3, [("e4m3,fp16",), ("e5m2,fp16",), ("e4m3,kulisch:3",)]))
def test_every_pair_from_zero(unit):
    config = parse_unit_text(unit)
    a, b = all_pairs(config.a, config.b)
    assert len(a) == 65536
    zero = np.zeros((len(a), 1), np.uint64)
    assert check_core(config, netlist(config), Triples(a, b, zero)) == []


specials = st.sampled_from(["", *(each.value for each in Specials)])
floats = st.builds(lambda e, m, s: f"e{e}m{m}{s}", st.integers(1, 6), st.integers(1, 6), specials)
operands = st.one_of(floats, st.integers(2, 7).map(lambda bits: f"int{bits}"))
options = st.lists(st.sampled_from(["rtz", "ftz", "saturate"]), unique=True, max_size=2)
accumulators = st.one_of(
    st.integers(0, 9).map(lambda guard: f"kulisch:{guard}"),
    st.builds(lambda stem, words: ":".join([stem, *words]), floats, options),
    st.sampled_from(["fp16", "bf16", "e6m9"]),
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(operands, operands, accumulators)
def test_any_unit_is_right(a, b, acc):
    try:
        config = parse_unit(a, b, acc=acc)
    except (ConfigError, FormatError):
        return
    assert check_core(config, netlist(config), biased_triples(config, 1500, seed=3)) == []


def factors(unit):
    a, b = parse_unit_text(unit).a, parse_unit_text(unit).b
    return FastMultiplier(a, b, normalised=True).factors


@pytest.mark.parametrize(
    ("unit", "dual"),
    [
        ("e4m3,fp16", True),
        ("e5m2,fp16", True),
        ("e4m3,bf16", True),
        ("e2m5,fp32", True),
        ("e2m5,fp16", False),
        ("e3m4,bf16", False),
        ("e4m3,fp16:rtz", False),
        ("e4m3,fp16:saturate", False),
        ("e4m3,e5m10fn", False),
    ],
)
def test_two_paths_where_they_suffice(unit, dual):
    assert DualPathAccumulator.fits(factors(unit), parse_unit_text(unit).accumulator) is dual


def test_parameters_are_readable():
    e4m3 = parse_format("e4m3")
    assert isinstance(e4m3, FloatFormat)
    multiplier = FastMultiplier(e4m3, IntFormat(4), normalised=True)
    assert multiplier.normalised
    assert multiplier.range.significand_bits == 4 + 4
    acc = parse_unit_text("e4m3,fp16").accumulator
    assert DualPathAccumulator(factors("e4m3,fp16"), acc).shape.product_bits == 8
    assert FastSinglePathAccumulator(factors("e4m3,fp16"), acc).shape.precision == 11
    kulisch = FastKulischAccumulator(factors("e4m3,fp16"), 36, 40)
    assert (kulisch.magnitude_bits, kulisch.width) == (36, 40)
    assert kulisch.factors == factors("e4m3,fp16")
