"""Prefix networks and carry-save trees against integers, for every input or many."""

import numpy as np
import pytest
from amaranth.hdl import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from circuits import mapped

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts import prefix
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import add, add_compound, at_least, first_one, plus
from fp8mac.hw.speed.near_path import expect_leading_one


class Under(wiring.Component):
    """A function of two vectors as a component."""

    def __init__(self, function, bits, width):
        self.function = function
        super().__init__({"a": In(bits), "b": In(bits), "y": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.y.eq(self.function(m, self.a, self.b))
        return m


def outputs(function, bits, width, a, b):
    words = mapped(Under(function, bits, width)).evaluate(
        {"a": a.astype(np.uint64), "b": b.astype(np.uint64)}
    )["y"]
    return words[:, 0].astype(np.int64)


def every_pair(bits):
    a, b = np.meshgrid(np.arange(1 << bits), np.arange(1 << bits), indexing="ij")
    return a.ravel(), b.ravel()


@pytest.mark.parametrize("arrivals", [(), (400,) * 3, (0, 90, 500, 20, 300, 10)])
def test_adders_add_whatever_arrives_first(arrivals):
    a, b = every_pair(6)
    assert len(a) == 4096
    got = outputs(lambda m, x, y: add(m, x, y, arrivals), 6, 7, a, b)
    assert (got == a + b).all()
    for one in (0, 1):
        got = outputs(
            lambda m, x, y, one=one: add_compound(m, x, y, arrivals).plus(one), 6, 7, a, b
        )
        assert (got == a + b + one).all()


@pytest.mark.parametrize("kind", Adder)
def test_all_networks_add(kind):
    a, b = every_pair(6)
    got = outputs(lambda m, x, y: add(m, x, y, adder=kind), 6, 7, a, b)
    assert (got == a + b).all()
    for one in (0, 1):
        got = outputs(
            lambda m, x, y, one=one: add_compound(m, x, y, adder=kind).plus(one), 6, 7, a, b
        )
        assert (got == a + b + one).all()


@pytest.mark.parametrize("kind", Adder)
def test_plus_takes_signed_numbers(kind):
    a, b = every_pair(5)
    got = outputs(lambda m, x, y: plus(m, x.as_signed(), y[:3], 7, "sum", adder=kind), 5, 7, a, b)
    assert (got == ((a ^ 16) - 16 + b % 8) % 128).all()


@pytest.mark.parametrize(
    ("kind", "levels", "nodes"),
    [
        (Adder.RIPPLE, 15, 15),
        (Adder.BRENT_KUNG, 6, 26),
        (Adder.SKLANSKY, 4, 32),
        (Adder.FITTED, 4, 49),
    ],
)
def test_networks_are_what_they_are_called(kind, levels, nodes):
    """Depth and size for 16 bits, as in the literature."""
    cuts = prefix._cuts([0] * 16) if kind is Adder.FITTED else None
    spans = {(place, place): 0 for place in range(16)}

    def depth(top, bottom):
        if (top, bottom) not in spans:
            cut = cuts[top, bottom] if cuts else prefix._CUTS[kind](top, bottom)
            spans[top, bottom] = 1 + max(depth(top, cut), depth(cut - 1, bottom))
        return spans[top, bottom]

    assert max(depth(place, 0) for place in range(16)) == levels
    assert len(spans) - 16 == nodes


@pytest.mark.parametrize("bound", [-3, 0, 1, 5, 8, 21, 31, 32, 40])
def test_at_least(bound):
    a = np.arange(32)
    assert (outputs(lambda m, x, _: at_least(x, bound), 5, 1, a, a) == (a >= bound)).all()


def test_first_one():
    a = np.arange(128)
    want = [1 << (value.bit_length() - 1) if value else 0 for value in range(128)]
    assert (outputs(lambda m, x, _: first_one(m, x), 7, 7, a, a) == want).all()


def test_leading_one_is_where_it_is_expected_or_one_below():
    a, b = every_pair(6)
    got = outputs(expect_leading_one, 6, 6, a, b)
    for expected, difference in zip(got.tolist(), np.abs(a - b).tolist(), strict=True):
        assert expected.bit_length() - difference.bit_length() in (0, 1)


def test_tree_adds_columns_of_any_height():
    def tree(m, x, y):
        tree = CarrySaveTree(12)
        for weight in range(4):
            tree.add_bits(weight, Cat(x, y), arrival=30 * weight)
        tree.add_bits(2, y)
        tree.add_constant(-77)
        assert tree.width == 12
        return tree.elaborate_into(m)

    a, b = every_pair(5)
    assert (outputs(tree, 5, 12, a, b) == (15 * (a + 32 * b) + 4 * b - 77) % 4096).all()
    assert outputs(lambda m, x, y: Const(0, 1), 5, 1, a, b).sum() == 0
