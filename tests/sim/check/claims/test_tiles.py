"""Tiles of steps: each recipe comes, and what is rare by chance comes in its turn."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims import tiles
from fp8mac.sim.check.claims.sampled import _products
from fp8mac.sim.check.claims.tiles import SIDE, biased_tile
from fp8mac.sim.codes.numbers import values

RECIPES = dict(tiles._RECIPES)
UNIT = parse_line("e5m2 x 4 -> fp16, window 13")


def made(config, count):
    rng = np.random.default_rng(1)
    return [biased_tile(config, rng, at) for at in range(count)]


def of_recipe(monkeypatch, recipe, count=6):
    """Tiles of one recipe, none of them of one bit."""
    monkeypatch.setattr(tiles, "_RECIPES", {recipe: RECIPES[recipe]})
    rng = np.random.default_rng(1)
    return [biased_tile(UNIT, rng, 0) for _ in range(count)]


def products(tile):
    """Of each step and lane, shape (64, 64, lanes)."""
    left, right = values(UNIT.a, tile.a), values(UNIT.b, tile.b)
    return left[:, None] * right[None]


def test_sums_and_exponents_of_every_kind():
    """Steps cancel to zero and overflow; some rows have a few exponents, others all of them."""
    config = parse_line("e4m3 x 4 -> fp16, window 13")
    some = made(config, 40)
    results = np.concatenate([_products(config, tile).ravel() for tile in some])
    assert (results & 0x7FFF == 0).mean() > 0.01
    assert (results & 0x7C00 == 0x7C00).mean() > 0.01
    fields = np.concatenate([tile.a >> np.uint64(3) & np.uint64(15) for tile in some])
    kinds = [np.unique(row).size for row in fields]
    assert min(kinds) == 1
    assert max(kinds) == 4
    assert (fields <= 1).all(axis=1).mean() > 0.05
    assert (fields >= 14).all(axis=1).mean() > 0.02
    assert {tile.c.shape for tile in some} == {(SIDE, SIDE)}


@pytest.mark.parametrize(
    ("line", "count"), [("fp16 x 4 -> fp32, window 24", 8), ("mxint8 x 32 -> fp32", 32)]
)
def test_every_bit_of_every_lane_is_alone_once(line, count):
    config = parse_line(line)
    lanes, bits = config.products_per_cycle, config.a.bits - 1
    every = {(lane, bit) for lane in range(lanes) for bit in range(bits)}
    found = {"a": set(), "b": set()}
    for at, tile in enumerate(made(config, count)):
        if at % 4 != 3:
            continue
        side = "b" if at // 4 % 2 else "a"
        for row in getattr(tile, side) & np.uint64((1 << bits) - 1):
            (lane,) = np.flatnonzero(row)
            found[side].add((int(lane), int(row[lane]).bit_length() - 1))
            assert int(row[lane]).bit_count() == 1
    assert found == {"a": every, "b": every}


def test_one_lane_alone(monkeypatch):
    for tile in of_recipe(monkeypatch, "alone"):
        assert ((products(tile) != 0).sum(axis=2) <= 1).all()


def test_what_nearly_cancels_leaves_little(monkeypatch):
    left = np.concatenate([products(each) for each in of_recipe(monkeypatch, "nearly")])
    total, largest = np.abs(left.sum(axis=2)), np.abs(left).max(axis=2)
    assert ((total > 0) & (total <= largest / 2)).mean() > 0.3
    assert (total == 0).mean() < 0.5


def test_some_lanes_are_left_over(monkeypatch):
    left = np.concatenate([products(each) for each in of_recipe(monkeypatch, "left over")])
    cancels = left[..., 0::2] == -left[..., 1::2]
    assert (cancels.any(axis=2) & ~cancels.all(axis=2)).mean() > 0.1


def test_special_values_are_alone_among_numbers(monkeypatch):
    """A lane of infinity or NaN, the others finite; two of them in some rows."""
    codes = np.concatenate([each.a for each in of_recipe(monkeypatch, "special")])
    special = codes >> np.uint64(2) & np.uint64(31) == 31
    assert {*special.sum(axis=1).tolist()} == {1, 2}
    infinite = special & (codes & np.uint64(3) == 0)
    assert (infinite.sum(axis=1) == 1).mean() > 0.1
    assert ((codes == 0x7C).any(axis=1) & (codes == 0xFC).any(axis=1)).any()
    assert {0x7D, 0x7E} <= {*codes.ravel().tolist()}


def test_cancelling_lanes_stay_numbers(monkeypatch):
    for recipe in ("nearly", "left over", "cancelling"):
        for tile in of_recipe(monkeypatch, recipe):
            assert (tile.a & np.uint64(127) < 124).all()


def test_accumulators_meet_the_sum_and_the_largest_product(monkeypatch):
    """Where products cancel, accumulators are near to them all the same."""
    near = 0
    for tile in of_recipe(monkeypatch, "cancelling"):
        left = products(tile)
        left[~np.isfinite(left)] = 0
        largest = np.abs(left).max(axis=2)
        c = np.abs(values(UNIT.accumulator.format, tile.c))
        nothing = (left.sum(axis=2) == 0) & (largest > 0)
        near += (nothing & (c >= largest / 2) & (c <= 2 * largest)).sum() / nothing.sum()
    assert near / 6 > 0.06


def test_bare_accumulators_have_every_exponent_and_bit():
    """No others find a changed gate of a far shift, or of a NaN, in a million steps."""
    config = parse_line("e2m1 x 2 -> fp32")
    codes = np.concatenate([tile.c.ravel() for tile in made(config, 40)])
    powers = codes[codes & 0x7FFFFF == 0]
    assert len(np.unique(powers >> 23 & 0xFF)) == 256
    nans = codes[codes >> 23 & 0xFF == 0xFF] & 0x7FFFFF
    assert {1 << bit for bit in range(23)} <= set(nans.tolist())
