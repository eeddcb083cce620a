"""Blocks through the front door: `encode`, `decode` and `gemm`."""

import re

import numpy as np
import pytest

import fp8mac

RNG = np.random.default_rng(1)
X, W = RNG.normal(size=(3, 70)), RNG.normal(size=(70, 2))


def test_encode_and_decode():
    found = fp8mac.encode(X, "mxfp8")
    assert isinstance(found, fp8mac.Blocks)
    assert (found.format.name, found.shape, found.scales.shape) == ("mxfp8e4m3", (3, 70), (3, 3))
    again = fp8mac.Blocks(found.format, found.codes, found.scales)
    for given in (
        fp8mac.decode(found),
        fp8mac.decode(found, "mxfp8e4m3"),
        fp8mac.decode(found, found.format),
        again.values,
    ):
        np.testing.assert_array_equal(given, found.values)
    assert np.abs(found.values - X).max() < 0.15
    down = fp8mac.encode([[449.0], [1.0]], "mxfp8", axis=0)
    up = fp8mac.encode([[449.0], [1.0]], "mxfp8", axis=0, scale_rounding="up")
    assert (down.scales.tolist(), up.scales.tolist()) == ([[127]], [[128]])
    assert fp8mac.encode([1.0], "nvfp4", tensor_scale=0.5).scales.tolist() == [0x2B]  # 0.34375


@pytest.mark.parametrize("name", ["mxfp8-e4m3", "mxfp8-e5m2", "mxfp4", "nvfp4"])
def test_gemm_encodes_along_the_sum(name):
    unit = f"b200-{name}"
    format_ = name.replace("-", "")
    sides = fp8mac.encode(X, format_, axis=1), fp8mac.encode(W, format_, axis=0)
    found = fp8mac.gemm(X, W, unit)
    assert found.acc.tolist() == fp8mac.gemm(*sides, unit).acc.tolist()
    assert found.acc.tolist() == fp8mac.gemm(X, sides[1], unit).acc.tolist()
    np.testing.assert_allclose(found.values, sides[0].values @ sides[1].values, rtol=1e-5)


def test_what_is_refused():
    cases = [
        (
            lambda: fp8mac.encode(X, "e4m3", axis=0),
            "e4m3 has no blocks; axis is for these.",
        ),
        (
            lambda: fp8mac.encode(X, "e4m3", tensor_scale=1.0),
            "e4m3 has no blocks; tensor_scale is for these.",
        ),
        (
            lambda: fp8mac.encode(X, "mxfp4", scale_rounding="down"),
            "Unknown rounding of scales 'down'; there are floor and up.",
        ),
        (
            lambda: fp8mac.encode(X, "mxfp5"),
            (
                "Unknown format 'mxfp5'; a format is e<E>m<M>[b<bias>][ieee|fn|fnuz|none], "
                "int<N>[s], or one of fp16, bf16, fp32, tf32."
            ),
        ),
        (
            lambda: fp8mac.decode([1], "mxfp4"),
            "Codes of mxfp4 have scales beside them; decode the Blocks that encode gives.",
        ),
        (
            lambda: fp8mac.decode([1]),
            "Codes without blocks are of a format that is to be named.",
        ),
        (
            lambda: fp8mac.decode(fp8mac.encode(X, "mxfp4"), "nvfp4"),
            "These are blocks of mxfp4, not of nvfp4.",
        ),
        (
            lambda: fp8mac.gemm([[1]], [[1.0]], "b200-mxfp4"),
            (
                "a holds integers, but codes of mxfp4 have scales beside them; encode numbers, "
                "or make Blocks."
            ),
        ),
        (
            lambda: fp8mac.gemm([[1.0]], [1.0], "b200-mxfp4"),
            "b is not a matrix, but an array of shape (1,).",
        ),
        (
            lambda: fp8mac.gemm(fp8mac.encode([[1.0]], "mxfp4"), [[1.0]], "e2m1 -> fp32"),
            "a holds blocks, but the unit takes e2m1 without scales.",
        ),
    ]
    for call, message in cases:
        with pytest.raises(fp8mac.Error, match=f"^{re.escape(message)}$"):
            call()
