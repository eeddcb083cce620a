"""Sums of several products in a float accumulator: netlists against the golden model."""

import numpy as np
import pytest
from circuits import mapped
from rows import biased_rows, stepped

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.structure import Goal, Structure
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.dot.float import FloatDot
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import packed
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import GemmResult

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
NAMED = ["ada-fp8-e4m3", "h100-fp8-e4m3", "h100-fp8-e5m2", "v100-fp16", "a100-fp16", "a100-bf16"]


def circuit(config: MacConfig) -> Netlist:
    return mapped(FloatDot(config, Structure.of(Goal.AREA)))


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
    [each if k < 4 else pytest.param(each, marks=pytest.mark.slow) for k, each in enumerate(KINDS)],
)
def test_float_dot_equals_golden_model(line):
    config = parse_line(line)
    assert wrong(config, circuit(config), 1000, seed=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_float_dot_of_silicon_equals_golden_model_on_many_rows(name):
    config = parse_line(name)
    assert wrong(config, circuit(config), 100_000, seed=2) == []


@pytest.mark.parametrize(
    "line", ["e2m1 x 2 -> e3m1ieee:rtz:inf:plus0, window 3", "e2m1 x 2 -> e2m2, window 5"]
)
def test_float_dot_of_two_tiny_lanes_equals_matrix_product_everywhere(line):
    config = parse_line(line)
    netlist = circuit(config)
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
        checked += len(a)
    assert checked == 1 << 16 + config.acc_bits
    assert int(want[-1]) == stepped(config, lanes[-1], lanes[-1], c)
