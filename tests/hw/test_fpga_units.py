# amaranth: UnusedElaboratable=no
"""Units of tables and carry chains against the golden model; they are proved as well."""

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from circuits import all_pairs, mapped, mapped_rtlil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import one_in

from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import FormatError, parse_format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import GATE_GOALS, Circuits, Goal, Structure
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.hw.fpga.family import FPGA, FPGA_DSP
from fp8mac.hw.fpga.integer import LutIntAccumulator
from fp8mac.hw.fpga.kulisch import LutKulischAccumulator
from fp8mac.hw.fpga.multiply import in_blocks, in_rows
from fp8mac.hw.fpga.product import LutFixedMultiplier, LutMultiplier
from fp8mac.hw.units.core import MacCore
from fp8mac.hw.units.families import FAMILIES
from fp8mac.proofs.bugs.planting import parse_unit_text
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import Triples, biased_triples


def netlist(config: MacConfig, goal: Goal = Goal.FPGA):
    top = module_name(config, Shape.CORE, goal=goal)
    return mapped_rtlil(rtlil_text(config, Shape.CORE, goal=goal), top)


def test_goals_are_families():
    assert set(FAMILIES) == set(Circuits)
    assert (FAMILIES[Circuits.FPGA], FAMILIES[Circuits.FPGA_DSP]) == (FPGA, FPGA_DSP)
    assert {Structure.of(goal).circuits for goal in Goal} == set(Circuits) - {Circuits.LEAN}
    assert [goal for goal in Goal if not goal.is_fpga] == list(GATE_GOALS)
    config = parse_unit("e4m3", acc="kulisch:3")
    names = [module_name(config, Shape.CORE, goal=goal) for goal in Goal]
    assert names == [
        f"mac_e4m3_e4m3_kulisch3{suffix}_core" for suffix in ("", "_speed", "_fpga", "_fpga_dsp")
    ]
    assert describe(config, Shape.UNIT, goal=Goal.FPGA_DSP)["goal"] == "fpga-dsp"


class Product(wiring.Component):
    def __init__(self, a, b, multiply):
        self.shapes, self.multiply = (a, b), multiply
        super().__init__({"a": In(a), "b": In(b), "y": Out(a.width + b.width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.y.eq(self.multiply(m, self.a, self.b))
        return m


@pytest.mark.parametrize("multiply", [in_rows, in_blocks])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (unsigned(4), unsigned(4)),
        (unsigned(3), unsigned(6)),
        (unsigned(5), unsigned(1)),
        (signed(5), unsigned(4)),
        (unsigned(6), signed(4)),
        (signed(4), signed(4)),
        (signed(3), signed(6)),
        (signed(5), signed(2)),
    ],
    ids=str,
)
def test_products_of_all_pairs(multiply, a, b):
    found = mapped(Product(a, b, multiply))
    codes = np.arange(1 << a.width + b.width)
    left, right = codes & ((1 << a.width) - 1), codes >> a.width
    values = [
        np.where(shape.signed & (code >> shape.width - 1 == 1), code - (1 << shape.width), code)
        for shape, code in ((a, left), (b, right))
    ]
    want = (values[0] * values[1]) & ((1 << a.width + b.width) - 1)
    got = found.evaluate({"a": left.astype(np.uint64), "b": right.astype(np.uint64)})["y"][:, 0]
    assert len(want) == 1 << a.width + b.width
    assert np.array_equal(got.astype(np.int64), want)


@pytest.mark.parametrize(
    "unit",
    one_in(
        3,
        [
            ("int8,int32",),
            ("int8,int32:saturate",),
            ("int4,int8,int16:saturate",),
            ("int8,int5,int14",),
            ("e4m3,kulisch:3:segmented=10",),
            ("int8,int32:segmented=8",),
            ("int4,kulisch:5:segmented=3:resolve=idle",),
            ("int8s,kulisch:2",),
            ("e4m3,kulisch:3",),
            ("e5m2,kulisch:7",),
            ("e5m2,e4m3fnuz,kulisch:0",),
            ("int3,e2m5,kulisch:64",),
            ("e4m3,fp16",),
            ("e5m2,bf16",),
            ("int4,e4m3,e6m9",),
        ],
    ),
)
def test_unit_is_right(unit):
    config = parse_unit_text(unit)
    count = 12_000
    triples = biased_triples(config, count, seed=7)
    assert len(triples.a) == count
    assert check_core(config, netlist(config), triples) == []


@pytest.mark.parametrize("unit", ["e4m3,kulisch:3", "int8,int32"])
def test_every_pair_in_many_states(unit):
    config = parse_unit_text(unit)
    a, b = all_pairs(config.a, config.b)
    assert len(a) == 65536
    states = biased_triples(config, len(a), seed=11).c
    assert check_core(config, netlist(config), Triples(a, b, states)) == []


def test_unit_with_blocks_is_right():
    config = parse_unit("e4m3", acc="kulisch:3")
    triples = biased_triples(config, 12_000, seed=7)
    assert check_core(config, netlist(config, Goal.FPGA_DSP), triples) == []


formats = st.sampled_from("int2 int3 int7 int5s e1m2 e2m1 e4m3 e5m2fnuz e3m4ieee".split())
accumulators = st.sampled_from("kulisch:0 kulisch:9 int14 int20:saturate e6m9 fp16:rtz".split())


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(formats, formats, accumulators, st.sampled_from([Goal.FPGA, Goal.FPGA_DSP]))
def test_any_unit_is_right(a, b, acc, goal):
    try:
        config = parse_unit(a, b, acc=acc)
    except (ConfigError, FormatError):
        return
    assert check_core(config, netlist(config, goal), biased_triples(config, 1500, seed=3)) == []


def test_parts_say_what_they_are():
    e4m3, int8 = parse_format("e4m3"), parse_format("int8")
    fixed = LutFixedMultiplier(e4m3, e4m3, multiply=in_rows)
    assert (fixed.normalised, fixed.carry, fixed.multiply) == (False, False, in_rows)
    assert fixed.range.significand_bits == 9
    real = LutMultiplier(e4m3, e4m3, normalised=True, carry=True, multiply=in_blocks)
    assert (real.normalised, real.carry, real.multiply) == (True, True, in_blocks)
    assert real.range.significand_bits == 8
    kulisch = LutKulischAccumulator(fixed.range, 36, 40, 10)
    assert (kulisch.segment_bits, len(kulisch.c_carry)) == (10, 3)
    assert (kulisch.range, kulisch.magnitude_bits, kulisch.width) == (fixed.range, 36, 40)
    integer = LutIntAccumulator(int8, int8, 32, saturate=True, multiply=in_rows)
    assert (integer.width, integer.saturate, integer.multiply) == (32, True, in_rows)
    assert integer.segment_bits is None


def test_core_clears_where_its_circuits_can():
    fixed, real = (MacCore(parse_unit("e4m3", acc=acc), Goal.FPGA) for acc in ("kulisch", "fp16"))
    assert (fixed.clears, real.clears) == (True, False)
    assert all(rtlil.convert(core) for core in (fixed, real))  # parts want to be used
    assert isinstance(fixed.clear, Signal)
