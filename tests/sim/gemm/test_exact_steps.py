"""Products of units whose steps are exact, by matrix products of floats: the golden model's."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.gemm.exact_steps import fits
from fp8mac.sim.gemm.gemm import gemm, plan
from fp8mac.sim.gemm.result import GemmResult

LINES = [
    "mxint8 x 32 -> fp32",
    "mxint8 x 8 -> fp16",
    "mxfp8 x 32 -> fp32",
    "mxfp6e2m3 x 16 -> bf16:rtz",
    "mxfp6e3m2*mxint8 x 32 -> fp16",
    "mxfp4 -> fp32:plus0",
    "nvfp4 x 16 -> fp32",
    "mxfp4 x 32 -> fp32:odd",
]
WITHOUT_SCALES = [
    "e2m1 x 2 -> e2m2:odd",
    "e4m3 -> bf16:odd",
    "e3m2 x 4 -> e5m6:odd:plus0",
    "e4m3ieee x 8 -> fp16:odd:inf",
    "e2m3*int4 x 3 -> fp32:odd",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("spread", [3, 60, 127])
def test_sums_equal_the_golden_model(line, spread):
    config, rng = parse_line(line), np.random.default_rng(spread)
    assert config.block is not None
    terms = 2 * config.block.size + 5
    assert plan(config, terms).reason == "steps"
    a = rng.integers(0, 1 << config.a.bits, (3, terms)) * (rng.random((3, terms)) < 0.7)
    b = rng.integers(0, 1 << config.b.bits, (terms, 2))
    low, high = (127 - spread, 127 + spread) if config.block.size == 32 else (0, 127)
    scales = rng.integers(low, high, (3, 3)), rng.integers(low, high, (3, 2))
    scales[0][0, 1] = 255
    start = None
    for _ in range(2):
        wanted = gemm(a, b, config, scales=scales, start=start, backend="golden")
        found = gemm(a, b, config, scales=scales, start=start)
        assert found.acc.tolist() == wanted.acc.tolist()
        start = wanted


@pytest.mark.parametrize("line", WITHOUT_SCALES)
def test_sums_without_scales_equal_the_golden_model(line):
    """From every accumulator, or many; every code of ``a``, or half of them zero."""
    config, rng = parse_line(line), np.random.default_rng(3)
    terms = 2 * config.summation.lanes + 1
    assert plan(config, terms, started=True).reason == "steps"
    a = rng.integers(0, 1 << config.a.bits, (64, terms)) * (rng.random((64, terms)) < 0.5)
    b = rng.integers(0, 1 << config.b.bits, (terms, 32))
    bits = config.result.acc_bits
    codes = np.arange(2048) << bits >> 11 if bits > 11 else np.arange(2048) % (1 << bits)
    form = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    codes = codes.astype(form).reshape(64, 32)
    start = GemmResult(config.result, codes, np.zeros((64, 32, 0), bool))
    wanted = gemm(a, b, config, start=start, backend="golden")
    assert np.array_equal(gemm(a, b, config, start=start).acc, wanted.acc)
    assert np.array_equal(gemm(a, b, config).acc, gemm(a, b, config, backend="golden").acc)


@pytest.mark.parametrize(
    "line", ["mxfp8 x 32 -> fp32", "mxfp8 x 32 -> fp32:rtz", "mxfp8 x 32 -> fp32:odd"]
)
def test_sums_beside_a_tie(line):
    """Half of a last place, and ``2**-58``, which float64 does not hold beside one; all signs."""
    config = parse_line(line)
    acc = np.repeat([0x3F800000, 0x3F800001, 0xBF800000, 0xBF800001], 4)
    a, b = np.zeros((16, 32), np.uint8), np.zeros((32, 1), np.uint8)
    a[:, 0], a[:, 1] = np.tile([0x78, 0x78, 0xF8, 0xF8], 4), np.tile([0x01, 0x81], 8)
    b[:2, 0] = 0x78, 0x01
    scales = np.full((16, 1), 127 - 40), np.full((1, 1), 127)
    codes = acc.astype(np.uint32)[:, None]
    start = GemmResult(config.result, codes, np.zeros((16, 1, 0), bool))
    wanted = gemm(a, b, config, scales=scales, start=start, backend="golden")
    assert gemm(a, b, config, scales=scales, start=start).acc.tolist() == wanted.acc.tolist()
    assert len({*(wanted.acc - codes).ravel().tolist()}) > 1


@pytest.mark.parametrize(
    "line", ["mxfp4 x 4 -> fp32", "mxfp4 x 4 -> fp16", "mxfp4 x 4 -> fp32:plus0"]
)
def test_zeros_are_negative_where_all_terms_are(line):
    config = parse_line(line)
    a = np.array([[8, 8, 8, 8], [8, 8, 8, 0], [2, 10, 8, 8]])
    b, scales = np.full((4, 1), 2), (np.full((3, 1), 127), np.full((1, 1), 127))
    minus = 1 << config.result.acc_bits - 1
    acc = np.full((3, 1), minus, np.uint32 if config.result.acc_bits == 32 else np.uint16)
    start = GemmResult(config.result, acc, np.zeros((3, 1, 0), bool))
    wanted = gemm(a, b, config, scales=scales, start=start, backend="golden")
    found = gemm(a, b, config, scales=scales, start=start)
    assert found.acc.tolist() == wanted.acc.tolist()
    assert wanted.acc[0, 0] == (0 if "plus0" in line else minus)


@pytest.mark.parametrize(
    "line",
    [
        "mxfp8e5m2 x 32 -> fp32",  # 69 bits
        "mxfp4 x 64 -> fp32",  # two scales a step
        "mxfp4 x 32 -> fp32:saturate",
        "mxfp4 x 32 -> fp32:sr=8",
        "mxfp4 x 32 -> fp32, window 20",
        "e5m2 x 32 -> fp32:odd",  # 69 bits
    ],
)
def test_other_units(line):
    assert not fits(parse_line(line))
