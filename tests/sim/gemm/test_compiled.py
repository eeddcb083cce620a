"""Compiled kernels of units that align their terms: large matrices, special values, threads."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.gemm.gemm import gemm, plan
from fp8mac.sim.gemm.kernels.fitting import refined, shape_of
from fp8mac.sim.gemm.kernels.panels import order_of

UNITS = ["h100-fp8-e4m3", "mi300-fp8"]
UNITS += [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("a100-fp16", "rvbna-fp8", "h100-mmasync-e5m2")
]


def codes(config, shape, rng):
    """Random numbers of a format, none special."""
    sizes = rng.integers(0, config.a.max_code + 1, shape)
    return sizes | rng.integers(0, 2, shape) * config.a.sign_code


@pytest.mark.parametrize("name", UNITS)
@pytest.mark.parametrize("size", [(7, 200), (200, 7), (70, 133)])
def test_matrices_of_several_panels_equal_numpy_whatever_the_threads(name, size):
    config, rng, terms = parse_unit(name), np.random.default_rng(3), 75
    a, b = codes(config, (size[0], terms), rng), codes(config, (terms, size[1]), rng)
    found = gemm(a, b, config)
    assert found.plan is not None
    assert found.plan.backend == "numba"
    assert np.array_equal(found.acc, gemm(a, b, config, threads=3).acc)
    assert np.array_equal(found.acc, gemm(a, b, config, backend="numpy").acc)


def test_the_processor_rounds_to_nearest_again():
    config = parse_unit("h100-fp8")
    ones = np.full((3, 3), 0x38)
    for _ in range(2):
        assert gemm(ones, ones, config).values.tolist() == [[3.0] * 3] * 3
        one, tiny = np.array([1.0, 1.0]), np.array([3 * 2.0**-54, -3 * 2.0**-55])
        assert (one + tiny).tolist() == [1 + 2.0**-52, 1 - 2.0**-53]


def test_infinities_that_meet_an_overflow_of_the_other_sign_are_told_apart():
    config = parse_unit("a100-fp16-fp16")
    inf, big, one = 0x7C00, 0x7BFF, 0x3C00
    first = [inf] + [0] * 7 + [big] * 8
    second = [one] + [0] * 7 + [big | 0x8000] * 8
    then = first[8:] + first[:8], second[8:] + second[:8]
    a = np.array([first, then[0], [one] * 16])
    b = np.array([second, then[1], [one] * 16]).T
    found = gemm(a, b, config)
    assert found.acc.tolist() == gemm(a, b, config, backend="golden").acc.tolist()
    assert found.values[0, 0] == np.inf  # the operand came first and stays
    assert np.isnan(found.values[1, 1]) or found.values[1, 1] == -np.inf


def test_products_beyond_the_range_are_infinite_where_a_unit_says_so():
    config = parse_unit("mi300-bf16")
    big, minus = 0x7F00, 0xFF00
    a, b = np.array([[big, 0x3F80], [0x3F80, 0x3F80]]), np.array([[minus, 0x3F80], [0x3F80, big]])
    found = gemm(a, b, config)
    assert found.values[0, 0] == -np.inf
    assert found.acc.tolist() == gemm(a, b, config, backend="golden").acc.tolist()


def test_no_products_leave_what_is_held():
    config = parse_unit("h100-fp8")
    empty = np.zeros((2, 0), np.uint8), np.zeros((0, 3), np.uint8)
    assert gemm(*empty, config).acc.tolist() == [[0] * 3] * 2
    before = gemm(np.full((2, 1), 0x38), np.full((1, 3), 0x38), config)
    assert gemm(*empty, config, start=before).values.tolist() == [[1.0] * 3] * 2


def test_carriers_hold_the_sums():
    assert plan(parse_unit("h100-fp8"), 4096).carrier == "float32"
    assert (
        plan(parse_unit("e4m3 x 32 -> e8m13:rtz:inf:plus0, window 15"), 4096).carrier == "float32"
    )
    assert (
        plan(parse_unit("e4m3 x 32 -> e8m13:rtz:inf:plus0, window 16"), 4096).carrier == "float64"
    )
    assert (
        plan(parse_unit("e4m3 x 64 -> e8m13:rtz:inf:plus0, window 15"), 4096).carrier == "float64"
    )
    assert shape_of(parse_unit("e4m3 x 32 -> fp32:plus0, window 44"), 64) is not None
    assert shape_of(parse_unit("e4m3 x 32 -> fp32:plus0, window 45"), 64) is None


def test_known_operands_make_simpler_kernels():
    shape = shape_of(parse_unit("a100-bf16"), 64)
    assert shape is not None
    assert (shape.clamps, shape.rule.on_grid, shape.rule.overflows) == (True, False, True)
    known = refined(shape, -126, 40, 64)
    assert (known.clamps, known.rule.on_grid, known.rule.overflows) == (False, True, False)
    assert refined(shape, -127, 40, 64).clamps
    assert refined(shape, -149, 40, 64).rule.on_grid
    assert not refined(shape, -150, 40, 64).rule.on_grid
    assert refined(shape, -126, 120, 64).rule.overflows
    assert not refined(shape, -126, 119, 64).rule.overflows


@pytest.mark.parametrize(
    ("line", "terms", "wanted", "chunk"),
    [
        ("e4m3 x 4 -> fp32, window 9", 6, None, None),
        ("e4m3 x 4 -> fp32, window 9, chunk 8", 9, None, 8),
        ("e4m3 x 4 -> fp32, window 9, chunk 5", 6, [0, 1, 2, 3, 4, -1, -1, -1, 5, -1, -1, -1], 8),
        ("e4m3 x 2 -> fp32, window 9, steps 2, chunk 4", 6, [0, 2, 1, 3, 4, -1, 5, -1], 4),
        ("e4m3 x 4 -> fp32, window 9, groups 2, join 9", 6, [0, 2, 1, 3, 4, -1, 5, -1], None),
    ],
)
def test_products_come_in_the_order_of_steps_and_groups(line, terms, wanted, chunk):
    order, found = order_of(parse_unit(line), terms)
    assert (None if order is None else order.tolist()) == wanted
    assert found == chunk
