"""Sums of blocks that share scales: netlists against the golden model, ports, vectors."""

import numpy as np
import pytest
from circuits import PLAIN, mapped_rtlil

from fp8mac.gen.boards.frames import LinkLayout
from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.sim.check.claims.sampled import check_sampled
from fp8mac.sim.check.cosim import check_core, check_unit
from fp8mac.sim.check.exhaustive import states
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples, integers
from fp8mac.sim.check.sums import SumCircuits
from fp8mac.sim.check.vectors import product_lines, sequence_lines, vector_lines
from fp8mac.sim.check.words import port_words
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.steps import step
from fp8mac.synth_reports.synth.synthesis import synthesize

KINDS = [
    "mxfp4 x 2 -> e4m3, window 6",
    "mxfp4 x 4 -> fp32",
    "nvfp4 x 4 -> fp16",
    "mxfp8e5m2*mxfp8e4m3 x 4 -> bf16:rtz:inf:plus0, window 12",
    "mxfp6e2m3 x 4 -> fp16:odd",
    "mxint8 x 4 -> fp32",
    "mxint8 x 2 -> fp16",
    "mxint8 -> e5m2:rtz",
    "mxfp8 -> fp32",
    "nvfp4 x 32 -> fp32:rtz:inf:plus0, groups 4 of 8, join 20",
    "mxfp4 x 64 -> fp32:rtz:inf:plus0, groups 4 of 16, join 36",
]


def core(line: str, goal: Goal = Goal.AREA) -> Netlist:
    config = parse_line(line)
    text, top = (
        rtlil_text(config, Shape.CORE, goal=goal),
        module_name(config, Shape.CORE, goal=goal),
    )
    return mapped_rtlil(text, top)


@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED])
@pytest.mark.parametrize(
    "line",
    [each if k < 1 else pytest.param(each, marks=pytest.mark.slow) for k, each in enumerate(KINDS)],
)
def test_blocks_equal_golden_model(line, goal):
    config = parse_line(line)
    check(config, core(line, goal), 200, 8000)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["b200-mxfp8-e4m3", "b200-mxfp4", "b200-nvfp4"])
def test_blocks_of_silicon_equal_golden_model(name):
    check(parse_line(name), core(name), 500, 1_000_000)


def check(config: MacConfig, netlist: Netlist, by_golden: int, by_gemm: int) -> None:
    assert check_core(config, netlist, biased_triples(config, by_golden, seed=1)) == []
    found = check_sampled(config, netlist, by_gemm)
    assert (found.steps >= by_gemm, found.wrong) == (True, 0)


def test_registered_unit_of_two_stages():
    config = parse_line("mxfp4 x 2 -> e4m3, window 6, stages 2")
    top = module_name(config, Shape.UNIT)
    unit = synthesize(rtlil_text(config, Shape.UNIT), top, PLAIN, find_yosys())
    netlist = Netlist.from_blif(unit.netlist)
    triples = biased_triples(config, 500, seed=5)
    assert check_unit(config, netlist, unit.flip_flops, triples) == []


def test_golden_step_takes_scales_above_the_codes():
    config = parse_line("nvfp4 x 32 -> fp32")
    # 1 * 1 in lanes 0 and 16; scales 2 * 1 and 3 * 1.
    codes, scales = 0x2 | 0x2 << 64, 0x44_40 << 128
    assert golden.mac(config, codes | scales, codes | 0x38_38 << 128, 0).acc == 0x40A00000
    pairs = [(0x40, 0x38)] * 16 + [(0x44, 0x38)] * 16
    lanes = golden.unpack(codes, 4, 32)
    assert step(config, 0, lanes, lanes, pairs).acc == 0x40A00000


def test_ports_of_scales():
    config = parse_line("b200-nvfp4")
    table = ports(config, Shape.CORE)
    assert named(table, Role.OPERAND, Role.SCALE) == {"a": 256, "b": 256, "sa": 32, "sb": 32}
    assert next(port.meaning for port in table if port.name == "sb") == (
        "scales of b, 4 ue4m3 codes of 8 bits, that of lane 0 lowest"
    )
    meaning = describe(parse_line("mxfp4 x 2 -> fp32"), Shape.UNIT)["ports"]
    assert [port["name"] for port in meaning] == [
        "clk",
        "rst",
        "a",
        "b",
        "sa",
        "sb",
        "en",
        "clear",
        "acc",
    ]
    assert meaning[4]["meaning"] == "scale of a, e8m0 code"


def test_words_of_operands_and_scales_come_apart():
    config = parse_line("b200-mxfp4")
    triples = biased_triples(config, 20, seed=3)
    words = port_words(config, triples.a, triples.b)
    again = [
        code | scale << 256
        for code, scale in zip(integers(words["a"]), integers(words["sa"]), strict=True)
    ]
    assert again == integers(triples.a)
    assert max(integers(words["sa"])) < 1 << 16


def test_vectors_have_columns_of_scales():
    config = parse_line("mxfp4 x 2 -> e4m3")
    lines = [*vector_lines(config, 30, seed=1)]
    assert lines[-31] == "# a b sa sb acc want"
    for line in lines[-30:]:
        a, b, sa, sb, acc, want = (int(word, 16) for word in line.split())
        pairs = [(sa, sb)] * 2
        lanes = (golden.unpack(each, 4, 2) for each in (a, b))
        assert step(config, acc, *lanes, pairs).acc == want
    cycles = [*sequence_lines(config, 5, seed=1)]
    assert cycles[-6] == "# rst en clear a b sa sb acc"
    with pytest.raises(Error, match="All pairs of operands of mac_mxfp4_mxfp4_e4m3_x2 are"):
        product_lines(config)


@pytest.mark.parametrize(
    "line",
    [
        "mxint8*mxfp4 x 4 -> fp32",
        "mxfp8 x 64 -> fp32, window 26",
        "nvfp4 x 16 -> fp32, window 26",
        "mxfp4 x 4 -> fp32, tree",
    ],
)
def test_blocks_that_no_circuit_adds(line):
    config = parse_line(line)
    with pytest.raises(Error) as caught:
        check_buildable(config)
    assert str(caught.value) == (
        f"No circuit adds products as in {config.text}; circuits add them one by one, or 1 to 64 "
        "in a step: exactly, in windows and groups of windows that are joined, or by a tree of "
        "adders, where products are rounded; not in chunks, and blocks where one scale of each "
        "operand, or one of each group, multiplies their exact sum, or a power of two a window's."
    )


def test_netlist_of_rows_takes_scales():
    config = parse_line("mxfp4 x 2 -> e4m3, window 6")
    circuits = SumCircuits(config, core(config.text))
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, 16, (2, 50, 64))
    scales = rng.integers(121, 132, (2, 50, 2))
    got = circuits.sums(a, b, np.zeros(50, np.uint8), (scales[0], scales[1])).tolist()
    for row in range(50):
        acc = 0
        for first in range(0, 64, 2):
            pairs = [(int(scales[0, row, first // 32]), int(scales[1, row, first // 32]))] * 2
            found = step(
                config,
                acc,
                a[row, first : first + 2].tolist(),
                b[row, first : first + 2].tolist(),
                pairs,
            )
            assert found.acc is not None
            acc = found.acc
        assert got[row] == acc


def test_what_takes_no_scales_says_so():
    config = parse_line("mxfp4 -> e4m3")
    with pytest.raises(Error) as caught:
        states(config)
    assert str(caught.value) == "Exhaustive checking has no scales, which mxfp4 -> e4m3 takes."
    with pytest.raises(Error) as caught:
        _ = LinkLayout(config).operands
    assert str(caught.value) == "Frames hold no scales, which mxfp4 -> e4m3 takes."
