"""Matrix products of named units against the golden model: numpy, numba, starts, specials."""

import numpy as np
import pytest

from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.gemm.gemm import GemmError, gemm, plan
from fp8mac.sim.gemm.result import GemmResult

QUICK = ("h100-fp8-e4m3", "mi300-fp8", "b200-nvfp4")


def some(names):
    """Names as parameters; a kernel takes a second to build, and most are for `make test-slow`."""
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


COMPILED = [
    "e4m3 x 8 -> fp16, window 14, chunk 20 -> fp32",
    "bf16 x 4 -> fp32:sum0, window 20, chunk 6 -> bf16",
    "v100-fp16",
    "a100-bf16",
    "ada-fp8-e5m2",
    "h100-fp8-e4m3",
    "h100-fp8-e5m2-fp16",
    "h100-mmasync-e4m3",
    "h100-mmasync-e5m2-fp16",
    "b200-fp8-e4m3",
    "e4m3 x 4 -> fp16:sum0",
    "e5m2 -> fp16:rtz:inf",
    "e4m3 -> fp32:plus0",
    "e5m2 x 4 -> e5m2:plus0, tree",
]


def operands(config, rows, terms, columns, seed):
    """Codes of all kinds, near one another in exponent or not, and accumulators."""
    rng = np.random.default_rng(seed)
    assert isinstance(config.a, FloatFormat)
    bits = config.a.bits
    both = []
    for shape in ((rows, terms), (terms, columns)):
        wide = rng.integers(0, 1 << bits, shape)
        near = config.a.exponent_bias << config.a.mantissa_bits
        spread = min(40, near)
        narrow = near + rng.integers(-spread, spread, shape)
        narrow += rng.integers(0, 2, shape) << bits - 1
        both.append(np.where(rng.random(shape) < 0.02, wide, narrow) * (rng.random(shape) < 0.9))
    acc = rng.integers(0, 1 << config.result.acc_bits, (rows, columns), dtype=np.uint64)
    acc = np.where(rng.random(acc.shape) < 0.3, 0, acc)
    flags = np.zeros((rows, columns, 0), bool)
    kind = {8: np.uint8, 16: np.uint16}.get(config.result.acc_bits, np.uint32)
    return *both, GemmResult(config.result, acc.astype(kind), flags)


@pytest.mark.parametrize("name", some(COMPILED))
def test_products_equal_the_golden_model(name):
    config = parse_unit(name)
    for terms, seed in ((70, 1), (32, 2), (5, 3)):
        a, b, start = operands(config, 4, terms, 5, seed)
        for before in (None, start):
            wanted = gemm(a, b, config, start=before, backend="golden")
            for backend in ("numpy", "numba"):
                found = gemm(a, b, config, start=before, backend=backend)
                assert found.acc.tolist() == wanted.acc.tolist(), (backend, terms)


ALIGNED = [
    "mi300-fp16",
    "mi300-bf16",
    "mi300-fp8",
    "mi300-bf8",
    "rvbna-fp8 x 4",
    "rvbna-fp8-e5m2 x 16 guard 0",
    "e5m2 x 8 -> fp16:rtz:plus0, window 9:floor",
    "e4m3 x 8 -> fp32:rtz:inf:sum0, window 12:odd, exponents zero -126",
    "e4m3 x 8 -> fp16:sum0, window 12, groups 4, join 9:odd",
    "b200-mxfp8-e5m2",
    "b200-mxfp4",
    "b200-nvfp4",
]
NUMPY = ["e4m3 x 8 -> fp32:rtz:inf:sum0, window 12:odd, exponents zero -9"]


@pytest.mark.parametrize("name", [*some(ALIGNED), *NUMPY])
def test_aligned_units_equal_the_golden_model(name):
    config = parse_unit(name)
    assert plan(config, 64).backend == ("numpy" if name in NUMPY else "numba")
    assert plan(config, 64, backend="numpy").reason == "aligned"
    rng = np.random.default_rng(7)
    for terms, seed in ((70, 1), (64, 2), (5, 3)):
        a, b, start = operands(config, 4, terms, 5, seed)
        scales = None
        if config.block is not None:
            count = -(-terms // config.block.size)
            drawn = rng.integers(0, 256, 9 * count), rng.integers(50, 60, 9 * count)
            codes = np.where(rng.random(9 * count) < 0.1, *drawn)
            scales = codes[: 4 * count].reshape(4, count), codes[4 * count :].reshape(count, 5)
        for before in (None, start):
            wanted = gemm(a, b, config, start=before, scales=scales, backend="golden")
            for backend in ("auto", "numpy"):
                found = gemm(a, b, config, start=before, scales=scales, backend=backend)
                assert found.acc.tolist() == wanted.acc.tolist(), (backend, terms)


@pytest.mark.parametrize(
    "name", ["mi200-bf16", *some(["mi100-fp16", "mi100-bf16", "mi200-fp16", "e4m3 -> fp32:daz"])]
)
def test_sums_of_the_processor_round_products_and_flush(name):
    config = parse_unit(name)
    assert plan(config, 64).reason == "native"
    for terms, seed in ((70, 1), (5, 3)):
        a, b, start = operands(config, 4, terms, 5, seed)
        start.acc[0, 0] = np.float32(1e-40).view(np.uint32)  # subnormal
        for before in (None, start):
            wanted = gemm(a, b, config, start=before, backend="golden")
            for backend in ("numpy", "numba"):
                found = gemm(a, b, config, start=before, backend=backend)
                assert found.acc.tolist() == wanted.acc.tolist(), (backend, terms)


@pytest.mark.parametrize(
    "name",
    ["e4m3 x 4 -> fp32:daz, chunk 8", "e4m3 x 4 -> fp32:odd, window 9, exponents normalised"],
)
def test_other_units_are_computed_by_the_definition(name):
    config = parse_unit(name)
    assert plan(config, 64).backend == "golden"
    with pytest.raises(GemmError) as error:
        plan(config, 64, backend="numba")
    assert str(error.value) in (
        f"The numba back end cannot compute {config.slug}.",
        f"The numba back end cannot compute {config.slug}: definition.",
    )


def test_scaled_blocks():
    config = parse_unit("b200-mxfp8")
    ones = np.full((2, 64), 0x38)
    scales = np.array([[127, 128], [0, 255]]), np.full((2, 1), 127)
    values = gemm(ones, ones[:1].T, config, scales=scales).values
    assert values[0, 0] == 32 + 64
    assert np.isnan(values[1, 0])
    for wrong, message in (
        (None, f"{config.text} needs scales of blocks."),
        ((scales[0][:, :1], scales[1]), "Scales of a have the shape (2, 2), not (2, 1)."),
        ((scales[0], scales[1] * 3), "Scales of b are codes from 0 to 255."),
    ):
        with pytest.raises(GemmError) as error:
            gemm(ones, ones[:1].T, config, scales=wrong)
        assert str(error.value) == message
    with pytest.raises(GemmError) as error:
        gemm(ones, ones[:1].T, parse_unit("h100-fp8"), scales=scales)
    assert str(error.value) == f"{parse_unit('h100-fp8').text} has no scales of blocks."
