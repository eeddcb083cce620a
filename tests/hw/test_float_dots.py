"""Sums of several products in a float accumulator: netlists against the golden model."""

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Const
from circuits import PLAIN, mapped
from rows import biased_rows, stepped

from fp8mac.gen.verilog import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure, parse_structure, structures_of
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.dot.beside import Places
from fp8mac.hw.dot.fast import beside as fast
from fp8mac.hw.dot.float import FloatDot
from fp8mac.proofs.check.equivalence import check_equal
from fp8mac.sim.check.claims.sampled import check_sampled
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import packed
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import GemmResult
from fp8mac.synth_reports.synth.synthesis import synthesize

# Each kind of sum, cut, rounding, sign of zero and range of exponents at least once.
KINDS = [
    "e3m2 x 4 -> bf16:odd",
    "e4m3 x 4 -> e5m2, tree",
    "e4m3fnuz x 4 -> e4m3:saturate, window 7",
    "e5m2 x 4 -> fp16:odd:sum0, window 9:floor, late 14 12:floor drop 10",
    "e4m3 x 4 -> fp32, window 26",
    "e5m2 x 5 -> e8m13:rtz:inf:plus0, window 14",
    "e4m3 x 3 -> fp16:ftz, window 12:odd",
    "e5m2 x 4 -> fp16:odd:sum0, window 9:floor",
    "e4m3 x 4 -> fp32:rtz:inf:plus0, window 20, exponents as fp16",
    "bf16 x 3 -> fp16, window 12",
    "bf16 x 2 -> fp32:rtz, window 25",
    "e4m3 x 2 -> fp16",
    "e5m2*e4m3 x 3 -> bf16:rtz",
    "e5m2 x 8 -> fp16, window 11, late 14 12:floor drop 10",
    "bf16 x 2 -> fp16:sum0, window 14, products bounded, late 20 13:floor",
    "e4m3 x 8 -> bf16:sum0, window 12, groups 2, join 11:floor, late 16 9:floor drop 12",
    "e4m3 x 8 -> bf16:odd:sum0, window 9:floor, groups 2 of 2, join 12:odd",
    "e4m3 x 4 -> fp16:odd:sum0, window 13:odd, late",
    "bf16 x 2 -> fp16:rtz:plus0, tree, products rounded",
    "fp16 x 2 -> fp32:daz, tree, products rounded",
]
# Each rounding, sign of zero, range of exponents and way of cutting that has a short path.
FAST = [
    "e3m2 x 3 -> e4m3ieee, window 7",
    "e4m3 x 4 -> fp32, window 26",
    "e5m2 x 5 -> e8m13:rtz:inf:plus0, window 14",
    "e4m3fnuz x 4 -> e4m3:saturate, window 7",
    "e4m3 x 4 -> fp32:rtz:inf:plus0, window 20, exponents as fp16",
    "e5m2 x 3 -> fp16:ftz, window 12",
    "e5m2 x 3 -> fp16:odd:sum0, window 30",
    "e4m3 x 4 -> bf16:daz, window 5",
    "e4m3 x 2 -> fp16",
    "e4m3 x 3 -> fp16:rtz:ftz",
    "e3m2 x 4 -> e5m6none:odd",
    "e2m3*e3m2 x 2 -> fp16:daz",
    "e4m3 x 4 -> fp32",
    "e5m2*e4m3 x 3 -> bf16:rtz",
    "e3m2 x 4 -> bf16:odd",
]
# No short path of their own; the parts for area with other adders.
PREFIX = [
    "e4m3 x 3 -> fp16:ftz, window 12:odd",
    "e5m2 x 4 -> fp16:odd:sum0, window 9:floor",
    "bf16 x 3 -> fp16, window 12",
]
NAMED = ["ada-fp8-e4m3", "h100-fp8-e4m3", "h100-fp8-e5m2", "v100-fp16", "a100-fp16", "a100-bf16"]


def circuit(config: MacConfig, goal: Built = Goal.AREA) -> Netlist:
    return mapped(FloatDot(config, Structure.of(goal)))


def wrong(config: MacConfig, netlist: Netlist, count: int, seed: int) -> list[tuple[object, ...]]:
    a, b, c = biased_rows(config, count, seed)
    stimuli = {
        name: packed(codes.astype(np.uint64), form.bits)
        for name, codes, form in (("a", a, config.a), ("b", b, config.b))
    }
    got = netlist.evaluate(stimuli | {"c": c.astype(np.uint64)})["y"][:, 0].tolist()
    want = [stepped(config, *row) for row in zip(a, b, c, strict=True)]
    return [
        (a[k].tolist(), b[k].tolist(), int(c[k]), got[k], want[k])
        for k in range(count)
        if got[k] != want[k]
    ]


@pytest.mark.parametrize(
    "line",
    [each if k < 2 else pytest.param(each, marks=pytest.mark.slow) for k, each in enumerate(KINDS)],
)
def test_float_dot_equals_golden_model(line):
    config = parse_line(line)
    assert wrong(config, circuit(config), 1000, seed=1) == []


@pytest.mark.parametrize(
    "line", [FAST[0], *(pytest.param(each, marks=pytest.mark.slow) for each in FAST[1:])]
)
def test_float_dot_with_a_short_path_equals_golden_model(line):
    config = parse_line(line)
    assert wrong(config, circuit(config, Goal.SPEED), 3000, seed=3) == []


@pytest.mark.slow
@pytest.mark.parametrize("line", PREFIX)
def test_float_dot_with_prefix_adders_equals_golden_model(line):
    config = parse_line(line)
    assert wrong(config, circuit(config, Goal.SPEED), 2000, seed=6) == []


@pytest.mark.parametrize("line", [KINDS[1], KINDS[3]])
def test_kinds_without_a_short_path_are_built_as_for_area(line):
    config = parse_line(line)
    texts = [rtlil_text(config, Shape.CORE, goal=goal) for goal in (Goal.AREA, Goal.SPEED)]
    assert texts[1].replace("_speed", "") == texts[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    ["e2m1 x 2 -> e3m1ieee:rtz:inf:plus0, window 3", "e2m1 x 2 -> e2m2", "e2m1 x 2 -> e7m1"],
)
def test_short_path_is_short_and_proved_equal_to_the_circuit_for_area(line):
    config = parse_line(line)
    built = (FloatDot(config, Structure.of(goal)) for goal in (Goal.AREA, Goal.SPEED))
    texts = (rtlil.convert(each, name="top", emit_src=False) for each in built)
    area, speed = (synthesize(text, "top", PLAIN, find_yosys()) for text in texts)
    check_equal(area.netlist, speed.netlist)
    assert speed.metrics.levels < 0.75 * area.metrics.levels


@pytest.mark.slow
def test_structures_of_float_dots():
    config = parse_line(FAST[0])
    names = [each.value for each in structures_of(config)]
    assert names == ["area-ripple", "speed-brent-kung", "speed-sklansky", "speed-fitted"]
    for name in names[1:3]:
        assert wrong(config, circuit(config, parse_structure(name, config)), 300, seed=4) == [], (
            name
        )


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED])
@pytest.mark.parametrize("name", NAMED)
def test_float_dot_of_silicon_is_right_in_a_million_steps(name, goal):
    config = parse_line(name)
    netlist = circuit(config, goal)
    assert wrong(config, netlist, 1000, seed=2) == []
    found = check_sampled(config, netlist, 1_000_000, seed=2)
    assert (found.steps >= 1_000_000, found.wrong) == (True, 0)


@pytest.mark.parametrize(
    ("line", "goal"),
    [
        pytest.param(
            "e2m1 x 2 -> e3m1ieee:rtz:inf:plus0, window 3", Goal.AREA, marks=pytest.mark.slow
        ),
        ("e2m1 x 2 -> e2m2, window 5", Goal.AREA),
        pytest.param(
            "e2m1 x 2 -> e3m1ieee:rtz:inf:plus0, window 3", Goal.SPEED, marks=pytest.mark.slow
        ),
        pytest.param("e2m1 x 2 -> e2m2, window 5", Goal.SPEED, marks=pytest.mark.slow),
        pytest.param("e2m1 x 2 -> e2m2:odd", Goal.SPEED, marks=pytest.mark.slow),
    ],
)
def test_float_dot_of_two_tiny_lanes_equals_matrix_product_everywhere(line, goal):
    config = parse_line(line)
    netlist = circuit(config, goal)
    pairs = np.arange(256, dtype=np.uint32)
    lanes = np.stack([pairs & 15, pairs >> 4], axis=1)
    a, b = (each.ravel().astype(np.uint64) for each in np.meshgrid(pairs, pairs, indexing="ij"))
    assert isinstance(config.accumulator, FloatAccConfig)
    checked = 0
    for c in range(1 << config.acc_bits):
        before = np.full((256, 256), c, np.uint32)
        start = GemmResult(config.result, before, np.zeros((256, 256, 0), bool))
        want = gemm(lanes, lanes.T, config, start=start).acc.ravel()
        got = netlist.evaluate({"a": a, "b": b, "c": np.full(len(a), c, np.uint64)})["y"][:, 0]
        assert np.array_equal(got, want.astype(np.uint64)), c
        assert want[c << 8 : c + 1 << 8].tolist() == [
            stepped(config, lanes[c], each, c) for each in lanes
        ]
        checked += len(a)
    assert checked == 1 << 16 + config.acc_bits


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED])
@pytest.mark.parametrize(
    ("name", "wrong_value"),
    [
        ("below", lambda at: at.acc.format.precision - 1),
        ("top", lambda at: at.below + at.product_bits - 3),
    ],
)
def test_places_beside_an_accumulator_are_needed(name, wrong_value, goal, monkeypatch):
    config = parse_line("e2m1 x 2 -> e7m1")
    monkeypatch.setattr(Places, name, property(wrong_value))
    assert wrong(config, circuit(config, goal), 3000, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("said", [0, 1])
def test_products_that_come_to_zero_are_told(said, monkeypatch):
    config = parse_line("e2m1 x 2 -> e7m1")
    monkeypatch.setattr(fast, "_is_zero", lambda words, bits: Const(said, 1))
    assert wrong(config, circuit(config, Goal.SPEED), 3000, seed=3)
