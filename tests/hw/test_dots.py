# amaranth: UnusedElaboratable=no
"""Units that add several products in a step, against the golden model, on mapped netlists."""

import itertools

import numpy as np
import pytest
from amaranth.sim import Simulator
from circuits import PLAIN, mapped_rtlil
from samples import one_in

from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.verilog import verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Port, Role, Shape, ports
from fp8mac.hw.config.structure import Goal, Structure, parse_structure, structures_of
from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.dot.fixed import FixedDot
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.hw.units.mac import Mac
from fp8mac.sim.check.cosim import check_core, check_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import Triples, biased_triples, integers, packed
from fp8mac.sim.exact import golden
from fp8mac.synth_reports.synth.synthesis import synthesize

LINES = [
    ("e4m3 x 4 -> kulisch:15",),
    ("int8 x 5 -> int32",),
    ("e5m2*e4m3 x 3 -> kulisch:0",),
    ("int4*int3 x 6 -> int8:saturate",),
    ("int3 x 9 -> int40:saturate",),
    ("int5s*e2m3 x 2 -> kulisch:4",),
    ("e2m1 x 17 -> kulisch:2",),
    ("e4m3fnuz x 2 -> kulisch:3:segmented=5",),
    ("int8 x 4 -> int32:segmented=8",),
    ("e5m2 x 2 -> kulisch:7:segmented=11:resolve=combinational",),
    ("e2m1 x 4 -> kulisch:5:segmented=3:resolve=idle",),
    ("int4 x 3 -> int16:segmented=4:resolve=idle",),
    ("e2m1 x 4 -> kulisch:0:segmented=3:resolve=idle",),
]
GOALS = (Goal.AREA, Goal.SPEED, Goal.FPGA)


def core(line, built=Goal.AREA):
    config = parse_line(line)
    top = module_name(config, Shape.CORE, goal=built)
    return config, mapped_rtlil(rtlil_text(config, Shape.CORE, goal=built), top)


@pytest.mark.parametrize("line", one_in(12, LINES))
@pytest.mark.parametrize("goal", GOALS)
def test_core(line, goal):
    config, netlist = core(line, goal)
    triples = biased_triples(config, 1000, seed=3)
    assert len(triples.integers()) == 1000
    assert check_core(config, netlist, triples) == []


@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED])
@pytest.mark.slow
def test_every_operand_of_two_lanes(goal):
    config, netlist = core("e2m1 x 2 -> kulisch:1", goal)
    pairs = np.array(list(itertools.product(range(16), repeat=4)), np.uint64)
    a, b = packed(pairs[:, :2], 4), packed(pairs[:, 2:], 4)
    words = np.full((len(pairs), 1), (1 << config.acc_bits) - 3, np.uint64)
    assert len(pairs) == 65_536
    assert check_core(config, netlist, Triples(a, b, words)) == []


@pytest.mark.slow
def test_structures_between_the_goals():
    config = parse_line("e2m1 x 2 -> kulisch:2")
    names = [each.value for each in structures_of(config)]
    assert names[:2] == ["area-ripple", "area-brent-kung"]
    for name in names[1:]:
        _, netlist = core(config.text, parse_structure(name, config))
        assert check_core(config, netlist, biased_triples(config, 300, seed=2)) == [], name


@pytest.mark.parametrize("line", [*LINES[-3:], ("e4m3 x 2 -> kulisch:3, stages 2",)])
def test_registered(line):
    config = parse_line(line[0])
    top = module_name(config, Shape.UNIT)
    unit = synthesize(rtlil_text(config, Shape.UNIT), top, PLAIN, find_yosys())
    netlist = Netlist.from_blif(unit.netlist)
    triples = biased_triples(config, 500, seed=5)
    assert check_unit(config, netlist, unit.flip_flops, triples) == []


def test_output_is_the_rounded_sum():
    config = parse_line("int4 x 4 -> int12, output bf16")
    unit = synthesize(
        rtlil_text(config, Shape.UNIT), module_name(config, Shape.UNIT), PLAIN, find_yosys()
    )
    triples = biased_triples(config, 1000, seed=6)
    assert check_unit(config, Netlist.from_blif(unit.netlist), unit.flip_flops, triples) == []


def test_idle_cycles_settle_the_carries():
    """Signs of products of zero are constants in a tree: they would never come to rest."""
    config = parse_line("e2m1 x 3 -> kulisch:5:segmented=3:resolve=idle")
    dut, seen = Mac(config), []

    async def bench(ctx):
        a, b = 0x7F2, 0x93A
        ctx.set(dut.a, a)
        ctx.set(dut.b, b)
        ctx.set(dut.en, 1)
        for _ in range(3):
            await ctx.tick()
        ctx.set(dut.en, 0)
        for _ in config.carry_places:
            await ctx.tick()
        state = golden.reset(config)
        for _ in range(3):
            state = golden.step(config, state, a, b)
        seen.append((ctx.get(dut.ready), ctx.get(dut.acc), state.acc))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    ((ready, got, want),) = seen
    assert (ready, got) == (1, want)


def test_ports_are_packed():
    config = parse_line("e4m3*int5 x 16 -> kulisch:7")
    a, b, _, y, *_ = ports(config, Shape.CORE)
    assert a == Port("a", 128, Role.OPERAND, "operands, 16 e4m3 codes of 8 bits, lane 0 lowest")
    assert (b.bits, y.meaning) == (80, "c + sum(a[k] * b[k])")
    meanings = {port.name: port.meaning for port in ports(config, Shape.UNIT)}
    assert meanings["en"] == "add these products; otherwise hold"
    assert meanings["clear"] == "begin a new sum with these products"


def test_header_and_description_say_where_lanes_are():
    config = parse_line("e4m3*int5 x 4 -> kulisch:7")
    text = verilog_text(config, Shape.UNIT).replace("\n// ", " ")
    assert "mac_e4m3_int5_kulisch7_x4: dot product of 4 lanes, registered unit." in text
    assert "lanes: a[k] is a[8*k +: 8], b[k] is b[5*k +: 5]; lane 0 is lowest" in text
    assert "becomes acc + sum(a[k] * b[k]), or 0 + sum(a[k] * b[k]) where clear" in text
    assert "Latency 1 cycle, 4 products per cycle." in text
    facts = describe(config, Shape.CORE)
    assert (facts["products_per_cycle"], facts["lane_bits"]) == (4, {"a": 8, "b": 5})
    assert "lane_bits" not in describe(config.plain, Shape.CORE)
    saturating = parse_line("int4 x 4 -> int8:saturate")
    assert describe(saturating, Shape.CORE)["special_cases"] == [
        "A sum outside the range becomes its nearest end once all products of a step are added."
    ]


def test_a_sum_saturates_once():
    config, netlist = core("int4 x 4 -> int8:saturate")
    # 127 + 49 - 49 + 0 + 0 would be 78 if each sum saturated: 127 is right.
    a, b = np.array([0x0077], np.uint64), np.array([0x0097], np.uint64)
    triples = Triples(a, b, np.array([[127]], np.uint64))
    assert golden.mac(config, *triples.integers()[0]).acc == 127
    assert check_core(config, netlist, triples) == []


@pytest.mark.parametrize(
    "line", ["e4m3 x 65 -> kulisch", "e4m3 x 4 -> kulisch, chunk 8", "mxint8*mxfp4 x 32 -> fp32"]
)
def test_what_no_circuit_adds(line):
    config = parse_line(line)
    with pytest.raises(ConfigError) as error:
        check_buildable(config)
    assert str(error.value) == (
        f"No circuit adds products as in {config.text}; circuits add them one by one, or 1 to 64 "
        "in a step: exactly, in windows and groups of windows that are joined, or by a tree of "
        "adders, where products are rounded; not in chunks, and blocks where one scale of each "
        "operand, or one of each group, multiplies their exact sum, or a power of two a window's."
    )


def test_parameters_can_be_read():
    config, structure = parse_line("int8 x 64 -> int32"), Structure.of(Goal.SPEED)
    dot = FixedDot(config, structure)
    assert (dot.config, dot.structure) == (config, structure)
    assert dot.sum_bits == 22


def test_golden_model_takes_packed_operands():
    config = parse_line("int4 x 3 -> int12")
    assert golden.unpack(0x21F, 4, 3) == [15, 1, 2]
    assert golden.mac(config, 0x21F, 0x333, 5).acc == 5 + 3 * (2 + 1 - 1)
    with pytest.raises(ValueError, match=r"^3 codes of 4 bits are below 2\*\*12, not 4096\.$"):
        golden.mac(config, 0x1000, 0, 0)


def test_stimuli_of_lanes_are_of_all_kinds():
    config = parse_line("e4m3 x 3 -> kulisch:2")
    a, b, _ = biased_triples(config, 30_000, seed=1)
    lanes = [[word >> 8 * k & 255 for k in range(3)] for word in integers(a)]
    pairs = {
        (x, y >> 8 * k & 255)
        for row, y in zip(lanes, integers(b), strict=True)
        for k, x in enumerate(row)
    }
    nan = sum(0x7F in {code & 0x7F for code in row} for row in lanes)
    opposite = sum(row[1] == row[0] ^ 0x80 for row in lanes)
    sparse = sum(row.count(0) >= 2 for row in lanes)
    assert len(pairs) > 45_000
    assert 100 < nan < 3000
    assert opposite > 5000
    assert sparse > 2000
