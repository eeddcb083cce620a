"""What a unit of several lanes costs: operands lane by lane, and one part for all lanes."""

import numpy as np

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.breakdown import breakdown_designs, parts_of
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.operands import Operands, draw, recorded
from fp8mac.synth_reports.cost.physical import _words

UNIT = parse_line("e2m1 x 2 -> kulisch:1")
MODULES = (
    "accumulator",
    "accumulator.lane_0",
    "accumulator.lane_0.multiplier",
    "accumulator.lane_1",
)


def test_lanes_are_drawn_apart():
    stream = draw(UNIT, Operands.NORMAL, cycles=40, clear_every=8)
    assert stream.a.shape == stream.b.shape == (8, 5, 2)
    assert not np.array_equal(stream.a[..., 0], stream.a[..., 1])
    words = _words(stream.a, 4)
    assert words.shape == (8, 5, 1)
    assert np.array_equal(words[..., 0], stream.a[..., 0] | stream.a[..., 1] << np.uint64(4))
    one = draw(UNIT.plain, Operands.NORMAL, cycles=40, clear_every=8).a
    assert _words(one, 4) is one


def test_recorded_codes_fill_lanes_first(tmp_path):
    codes = np.arange(13, dtype=np.uint64)
    path = tmp_path / "codes.npz"
    np.savez(path, a=codes, b=codes)
    stream = recorded(UNIT, path, clear_every=3)
    assert stream.a.tolist() == [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]


def test_all_lanes_are_one_part():
    paths = parts_of(MODULES)
    assert paths == ["accumulator.lane_0", "accumulator.lane_1"]
    found = breakdown_designs(UNIT, Goal.AREA, None, MODULES)
    lane = Design(UNIT, Shape.CORE, Goal.AREA, None, part="accumulator.lane_0")
    assert found.parts == {"lanes": (lane, lane)}
    assert found.around.without == tuple(paths)


def test_products_of_a_float_accumulator_are_one_part_too():
    config = parse_line("e2m1 x 2 -> fp16, window 9")
    modules = ("accumulator", *(f"accumulator.product_{lane}" for lane in (0, 1)))
    modules += ("accumulator.window", "accumulator.window.maximum", "accumulator.finish")
    parts = breakdown_designs(config, Goal.AREA, None, modules).parts
    assert list(parts) == ["lanes", "align and add", "normalise and round"]
    assert [each.part for each in parts["lanes"]] == ["accumulator.product_0"] * 2
