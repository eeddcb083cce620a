"""Kernels that add products in integers of 32 bits: which units, which operands, and exactly."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.kernels.fitting import are_near, in_integers, shape_of
from fp8mac.sim.gemm.result import GemmResult

RTZ = "fp32:rtz:inf:plus0"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("v100-fp16", (4, True)),
        ("h100-tf32", (8, True)),
        ("h100-fp16", (16, False)),  # 16 products fill 31 bits, and there is the accumulator
        ("h100-mmasync-e4m3", (16, True)),
        ("b200-fp8-e4m3", (16, False)),  # twice
        (f"fp16 x 8 -> {RTZ}, window 29", (2, None)),  # runs are too short
        ("h100-fp8-e4m3", None),  # float32 holds the sums
        ("mi300-fp16", None),  # late
        ("b200-mxfp8-e4m3", (16, False)),
        ("b200-mxfp4", None),  # exact groups
        ("b200-nvfp4", None),
        (f"fp32 x 4 -> {RTZ}, window 24", None),  # products are no float32 numbers
        ("fp16 x 4 -> fp32, window 24", None),  # has two zeros
        (f"fp16 x 4 -> {RTZ}, window 24:floor", None),
    ],
)
def test_units_that_add_in_integers(line, wanted):
    config = parse_unit(line)
    shape = shape_of(config, 64)
    assert shape is not None
    found = in_integers(shape, config)
    if wanted is None or wanted[1] is None:
        assert found is None
    else:
        assert found is not None
        assert (found.run, found.narrow, found.bits, found.splits) == (*wanted, 23, False)


@pytest.mark.parametrize(
    ("a", "b", "held", "wanted"),
    [
        ([2.0**62, 0], [2.0**61], None, True),
        ([2.0**62, np.inf], [2.0**62, np.nan], None, True),
        ([2.0**63], [2.0**63], None, False),
        ([2.0**-50, 0], [-(2.0**-50)], None, True),
        ([2.0**-50], [2.0**-51, 1.0], None, False),
        ([0], [2.0**-149], None, True),
        ([0], [0], None, True),
        ([1], [1], [2.0**-100, 0, np.nan, np.inf], True),
        ([1], [1], [2.0**-101], False),
    ],
)
def test_exponents_that_are_near(a, b, held, wanted):
    sides = [np.array([each], np.float32) for each in (a, b)]
    before = None if held is None else np.array(held)
    assert are_near(parse_unit("h100-bf16"), sides, before) is wanted


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ([1.0, np.nan], [2.0**-60], True),
        ([2.0**-61], [1.0], False),
        ([2.0**61, 1.0], [1.0], False),
        ([2.0**-45], [2.0**-44], False),  # 2**-12 are the smallest products
        ([2.0**-44], [2.0**-44], True),
        ([2.0**60], [2.0**49], True),
        ([2.0**60], [2.0**50], False),
    ],
)
def test_scales_that_are_near(a, b, wanted):
    sides = [np.ones((1, 1), np.float32)] * 2
    scales = [np.array([each]) for each in (a, b)]
    assert are_near(parse_unit("b200-mxfp8-e4m3"), sides, None, scales) is wanted


@pytest.mark.slow
@pytest.mark.parametrize("middle", [127, 82])
def test_scaled_sums_equal_numpy(middle):
    config, rng = parse_unit("b200-mxfp8-e4m3"), np.random.default_rng(5)
    a, b = rng.integers(0, 127, (2, 5, 96)) | rng.integers(0, 2, (2, 5, 96)) << 7
    x, y = rng.integers(middle - 3, middle + 3, (2, 5, 3))
    x[0, 0] = 255
    for scales in ((x, y.T), (x, 0 * y.T)):
        found = gemm(a, b.T, config, scales=scales, backend="numba")
        wanted = gemm(a, b.T, config, scales=scales, backend="numpy")
        assert found.acc.tolist() == wanted.acc.tolist()


def fp32(*numbers):
    return np.array(numbers, np.float32).view(np.uint32).reshape(-1, 1)


#: 1 + 2**-11, with 2**-24 and without.
TIES = [[0x3C00, 0x1000, 1, *[0] * 5], [0x3C00, 0x1000, *[0] * 6]]

#: Unit; code of all operands in rows of a; of b; accumulators before, one a row.
EDGES = {
    "largest sums": ("h100-fp16", [[0x7BFF] * 32] * 2, 0x7BFF, fp32(2.0**31 - 128, -(2.0**31))),
    "largest negative sums": ("h100-fp16", [[0xFBFF] * 32] * 2, 0x7BFF, fp32(128 - 2.0**31, 0)),
    "two runs": ("b200-fp8-e4m3", [[0x7E] * 64, [0xFE] * 64], 0x7E, fp32(3.0, -5.0)),
    "zeros and large partners": ("h100-bf16", [[0] * 16, [0x8000] * 16], 0x7E00, fp32(2**-99, 3)),
    "overflow": ("h100-bf16", [[0x5E80] * 16, [0xDE80] * 16], 0x5F00, fp32(3e38, -3e38)),
    "overflow, narrow": ("a100-bf16", [[0x5E80] * 8, [0xDE80] * 8], 0x5F00, fp32(3e38, -3e38)),
    "last number": ("a100-bf16", [[0x5E80] * 2, [0xDE80] * 2], 0x5F00, fp32(2.0**127, -(2.0**126))),
    "far": ("a100-bf16", [[0x0080] * 8, [0x3F00] * 8], 0x3F80, fp32(1e-40, 1e-30)),
    "small": ("h100-fp16-fp16", [[1] * 16, [0x8001] * 16], 0x0FFF, fp32(0, 0) >> 16),
    "beside a tie": ("a100-fp16-fp16", TIES, 0x3C00, fp32(0, 0) >> 16),
    "beside a tie, wide": (
        "h100-fp16-fp16",
        [[*each, *[0] * 8] for each in TIES],
        0x3C00,
        fp32(0, 0) >> 16,
    ),
    "cancelled": ("a100-bf16", [[0x2680, 0xA681, *[0] * 14], [0] * 16], 0x2680, fp32(0, 2.0**-99)),
}


QUICK = ("largest sums", "two runs")


@pytest.mark.parametrize(
    "name",
    [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in EDGES],
)
def test_sums_at_the_edges(name):
    line, left, code, before = EDGES[name]
    config = parse_unit(line)
    a = np.array(left)
    b = np.full((a.shape[1], 1), code)
    flags = np.zeros((2, 1, 0), bool)
    kind = np.uint16 if config.result.acc_bits == 16 else np.uint32
    for start in (None, GemmResult(config.result, before.astype(kind), flags)):
        wanted = gemm(a, b, config, start=start, backend="golden")
        found = gemm(a, b, config, start=start, backend="numba")
        assert found.acc.tolist() == wanted.acc.tolist()


@pytest.mark.parametrize(
    "name",
    [
        "v100-fp16",
        pytest.param("h100-mmasync-e4m3", marks=pytest.mark.slow),
        pytest.param("h100-fp16", marks=pytest.mark.slow),
        pytest.param("a100-tf32", marks=pytest.mark.slow),
        pytest.param("b200-fp8-e5m2-fp16", marks=pytest.mark.slow),
        pytest.param("a100-fp16-fp16", marks=pytest.mark.slow),
    ],
)
def test_random_sums_equal_numpy(name):
    config, rng = parse_unit(name), np.random.default_rng(11)
    width, terms = 21, 96
    low = max(0, config.a.exponent_bias - 12) << config.a.mantissa_bits
    high = config.a.exponent_bias + 12 << config.a.mantissa_bits
    codes = rng.integers(low, min(high, config.a.max_code + 1), (2, width, terms))
    codes |= rng.integers(0, 2, codes.shape) * config.a.sign_code
    codes *= rng.random(codes.shape) < 0.9
    a, b = codes[0], codes[1].T
    wanted = gemm(a, b, config, backend="numpy" if "mmasync" not in name else "golden")
    assert gemm(a, b, config, backend="numba").acc.tolist() == wanted.acc.tolist()
    more = gemm(a, b, config, backend="numba", start=wanted)
    both = gemm(np.tile(a, 2), np.tile(b, (2, 1)), config, backend="numba")
    assert more.acc.tolist() == both.acc.tolist()
