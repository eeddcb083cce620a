"""Products of matrices in blocks: exact sums of scaled elements, scales of tensors, what fits."""

import re
from fractions import Fraction

import numpy as np
import pytest

from fp8mac.hw.config.blocks import BLOCK_FORMATS
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.codes.blocks import Blocks, encode
from fp8mac.sim.exact import codecs
from fp8mac.sim.exact.values import Value
from fp8mac.sim.gemm.blocks import block_formats, block_gemm
from fp8mac.sim.gemm.plan import GemmError

PAIRS = [(name, name) for name in BLOCK_FORMATS]
PAIRS += [("mxfp8e4m3", "mxfp4"), ("mxint8", "mxfp6e3m2"), ("mxfp8e5m2", "mxfp6e2m3")]


def sides(a: str, b: str, k: int, seed: int = 1) -> tuple[Blocks, Blocks]:
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(3, k)), rng.normal(size=(k, 2)) * 2.0**-5
    left[:, ::7] *= 2.0**6
    return encode(left, BLOCK_FORMATS[a], axis=1), encode(right, BLOCK_FORMATS[b], axis=0)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_one_step_is_the_exact_sum_rounded_once(a, b):
    """Numbers are those that `decode` gives; the scales of tensors come last."""
    unit = parse_line(f"{a}*{b} x 32 -> fp32")
    left, right = sides(a, b, 32)
    assert block_formats(unit) == (left.format, right.format)
    found = block_gemm(left, right, unit)
    scale = left.tensor_scale * right.tensor_scale
    assert (found.scale, scale == 1) == (scale, a != "nvfp4")
    fp32 = unit.accumulator.format
    x, y = left.values / left.tensor_scale, right.values / right.tensor_scale
    for row, column in np.ndindex(3, 2):
        pairs = zip(x[row].tolist(), y[:, column].tolist(), strict=True)
        total = sum(Fraction(p) * Fraction(q) for p, q in pairs)
        code = codecs.encode(fp32, Value.of(total))
        assert found.acc[row, column] == code
        assert found.values[row, column] == float(codecs.decode(fp32, code).fraction) * scale


@pytest.mark.parametrize("line", ["b200-mxfp8", "b200-mxfp4", "b200-nvfp4", "mxint8 x 8 -> fp16"])
@pytest.mark.parametrize("k", [31, pytest.param(80, marks=pytest.mark.slow)])
def test_short_blocks_and_starts(line, k):
    """As blocks filled up with zeros; half of a product, and then the other half."""
    unit = parse_line(line)
    name = block_formats(unit)[0].name
    left, right = sides(name, name, k)
    want = block_gemm(left, right, unit, backend="golden")
    assert want.acc.tolist() == block_gemm(left, right, unit).acc.tolist()
    size = left.format.block.size
    more = -k % size
    filled = (
        Blocks(
            side.format,
            np.pad(side.codes, [(0, more * (axis == side.axis)) for axis in (0, 1)]),
            side.scales,
            side.axis,
            side.tensor_scale,
        )
        for side in (left, right)
    )
    assert block_gemm(*filled, unit).acc.tolist() == want.acc.tolist()
    cut = max(size, unit.summation.lanes)
    if k > cut:
        parts = [_part(left, slice(0, cut)), _part(right, slice(0, cut))]
        rest = [_part(left, slice(cut, k)), _part(right, slice(cut, k))]
        half = block_gemm(*parts, unit)
        whole = block_gemm(*rest, unit, start=half)
        assert (whole.acc.tolist(), whole.scale) == (want.acc.tolist(), want.scale)


def _part(side: Blocks, k: slice) -> Blocks:
    size = side.format.block.size
    blocks = slice(k.start // size, -(-k.stop // size))
    at, at_scales = ((slice(None), each) if side.axis else (each,) for each in (k, blocks))
    codes, scales = side.codes[at], side.scales[at_scales]
    return Blocks(side.format, codes, scales, side.axis, side.tensor_scale)


def test_nan_scales():
    unit = parse_line("b200-mxfp4")
    left, right = sides("mxfp4", "mxfp4", 64)
    left.scales[1, 1] = 255
    found = block_gemm(left, right, unit).values
    assert np.isnan(found).tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_what_does_not_fit():
    unit = parse_line("b200-nvfp4")
    left, right = sides("nvfp4", "nvfp4", 64)
    other = encode(left.values, left.format, axis=1, tensor_scale=1.0)
    start = block_gemm(left, right, unit)
    mxfp4 = encode(left.values, BLOCK_FORMATS["mxfp4"], axis=1)
    scale = left.tensor_scale * right.tensor_scale
    cases = [
        (
            lambda: block_gemm(left, right, parse_line("e2m1 -> fp32")),
            "e2m1 -> fp32 takes no blocks.",
        ),
        (
            lambda: block_gemm(mxfp4, right, unit),
            f"a holds blocks of mxfp4, but {unit.text} takes nvfp4.",
        ),
        (
            lambda: block_gemm(left, left, unit),
            "b is in blocks along axis 1; products are added along axis 0.",
        ),
        (
            lambda: block_gemm(encode([1.0], left.format), right, unit),
            "a is not a matrix, but an array of shape (1,).",
        ),
        (
            lambda: block_gemm(other, right, unit, start=start),
            f"The start is in units of {scale}, the products are in units of {right.tensor_scale}.",
        ),
    ]
    for call, message in cases:
        with pytest.raises(GemmError, match=f"^{re.escape(message)}$"):
            call()
