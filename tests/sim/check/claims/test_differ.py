"""Smallest operands on which units disagree, against brute force in the golden model."""

import re
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims.differ import SharedOperands, find_difference, number_of, places_of
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.exact.golden import State
from fp8mac.sim.gemm.definition import dot


def brute(first, second, places, codes):
    """The first operands in the order of codes, one after the other, and both sums."""
    for operands in product(codes, repeat=2 * len(places)):
        left, right = [0] * (places[-1] + 1), [0] * (places[-1] + 1)
        for place, a, b in zip(places, operands[::2], operands[1::2], strict=True):
            left[place], right[place] = a, b
        sums = [number_of(config, dot(config, left, right)) for config in (first, second)]
        if sums[0] != sums[1]:
            return operands, tuple(sums)
    return None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("e2m1 x 2 -> fp16, window 3", "e2m1 x 2 -> fp16"),
        ("e2m1 x 2 -> fp16, window 4, exponents normalised", "e2m1 x 2 -> fp16, window 4"),
        ("e2m1 x 2 -> e4m3:rtz", "e2m1 x 2 -> e4m3"),
    ],
)
def test_found_is_the_first_by_brute_force(one, other):
    first, second = parse_line(one), parse_line(other)
    found = find_difference(first, second)
    for places in places_of(first, second, 2):
        want = brute(first, second, places, range(16))
        if want is not None:
            break
    assert found is not None
    a, b = found.codes[:2]
    assert (tuple(x for pair in zip(a, b, strict=True) for x in pair), found.sums) == want
    assert found.places == places


def test_units_that_agree():
    first, second = (parse_line(f"e2m1 x 2 -> fp32{way}") for way in (", window 24", ""))
    assert find_difference(first, second) is None
    for places in places_of(first, second, 2):
        rng = np.random.default_rng(1)
        assert brute(first, second, places, rng.integers(0, 16, 4).tolist()) is None


@pytest.mark.slow
def test_a_step_more():
    """Of 16 lanes and of 32: the 17th product is in a step of its own."""
    found = find_difference(parse_line("ada-fp8"), parse_line("h100-fp8"))
    assert found.places == (0, 16)
    assert (found.a, found.b) == ((2.0**-9, 2.0**-9), (4.0, 2.0**-9))
    assert found.sums == (Fraction(1, 2**7) + Fraction(1, 2**18), Fraction(1, 2**7))


@pytest.mark.slow
def test_named_units():
    h100, mi300 = (parse_line(name) for name in ("h100-fp8", "mi300-fp8"))
    found = find_difference(h100, mi300)  # numbers are shared, codes are not
    assert found.codes == ((1, 1), (1, 0x48), (2, 2), (2, 0x50))
    for config, codes in ((h100, found.codes[:2]), (mi300, found.codes[2:])):
        for each, values, of in zip(codes, (found.a, found.b), (config.a, config.b), strict=True):
            assert decode(each, of).tolist() == list(values)
    assert found.exact == found.sums[1] == Fraction(1, 2**7) + Fraction(1, 2**18)


def test_infinities_are_results():
    found = find_difference(parse_line("e5m2 -> fp16"), parse_line("e5m2 -> fp16:saturate"))
    assert (found.sums, found.places) == (("inf", 65504), (0,))
    assert find_difference(parse_line("e2m1 -> kulisch"), parse_line("e2m1 -> kulisch:5")) is None


def test_places_that_units_can_tell_apart():
    cases = {
        ("e4m3 x 4 -> fp32", "e4m3 x 4 -> fp16"): [1, 4],
        ("e4m3 x 4 -> fp32", "e4m3 x 6 -> fp32"): [1, 4, 6],
        ("h100-mmasync-e4m3", "e4m3 x 32 -> fp32"): [1, 2, 32],
        ("mi300-fp8", "mi300-fp8"): [1, 2, 16],
        ("e4m3 x 4 -> fp32, tree", "e4m3 x 4 -> fp32, tree"): [1, 2, 4],
        ("e4m3 x 2 -> fp32, chunk 4 -> fp32", "e4m3 x 2 -> fp32"): [1, 2, 4],
    }
    for (one, other), places in cases.items():
        found = places_of(parse_line(one), parse_line(other), 2)
        assert list(found) == [(0,), *((0, place) for place in places)]
        assert list(places_of(parse_line(one), parse_line(other), 1)) == [(0,)]


def test_products_of_a_class_are_one_to_both_units():
    """A product stands for others of its value and exponents, with any other product."""
    units = [parse_line(f"e2m1 x 2 -> fp16, window 3{more}") for more in ("", ":floor")]
    operands = SharedOperands(*units)
    tail = [(x, y) for x in range(16) for y in (1, 5, 15)]
    sums = {}
    for config in units:
        for a, b in product(range(16), repeat=2):
            row = [number_of(config, dot(config, [a, x], [b, y])) for x, y in tail]
            sums.setdefault((a, b), []).append(tuple(row))
    distinct = {str(rows) for rows in sums.values()}
    assert {str(sums[pair]) for pair in operands.classes} == distinct
    assert len(distinct) <= len(operands.classes) < 256 / 2


def test_flags_are_numbers():
    unit = parse_line("e5m2 -> kulisch")
    flags = {(True, False): "inf", (False, True): "-inf", (True, True): "nan"}
    assert {each: number_of(unit, State(None, each)) for each in flags} == flags


def test_what_cannot_be_tried():
    plain = parse_line("e4m3 -> fp16")
    cases = {
        "fp16 -> fp32": "All operands of at most 8 bits are tried; fp16 has 16.",
        "e4m3 -> fp16:sr": "e4m3 -> fp16:sr rounds as random numbers say.",
        "b200-nvfp4": (
            f"Operands of {parse_line('b200-nvfp4').text} are in blocks, which have scales beside "
            "them."
        ),
        "e4m3 -> fp16": "Both units are e4m3 -> fp16.",
    }
    for line, message in cases.items():
        with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
            find_difference(plain, parse_line(line))
