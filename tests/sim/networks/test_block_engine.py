"""Networks on units that take blocks: what is multiplied is what `encode` makes of numbers."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.codes.blocks import ScaleRounding, encode, tensor_scale_of
from fp8mac.sim.codes.quantize import Scaling
from fp8mac.sim.gemm.blocks import block_formats, block_gemm
from fp8mac.sim.networks.engines.blocks import BlockEngine, engine_of
from fp8mac.sim.networks.engines.engine import Calibrated, Recipe, UnitEngine
from fp8mac.sim.networks.engines.reference import Recorder
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.tasks import image_task

RNG = np.random.default_rng(1)
UP = ScaleRounding.UP


def recipe(line: str, how: ScaleRounding | None = None) -> Recipe:
    config = parse_line(line)
    return Recipe(config, Scaling(config.a), Scaling(config.b), scale_rounding=how)


@pytest.mark.parametrize(("line", "how"), [("b200-mxfp8", None), ("b200-mxfp8", UP)])
def test_linear_is_a_product_of_blocks(line, how):
    x, weight = RNG.normal(size=(6, 70)), RNG.normal(size=(70, 5))
    x, weight, bias = x.astype("f4") * 100, weight.astype("f4"), np.arange(5, dtype="f4")
    recorder = Recorder()
    recorder.linear("layer", x, weight, bias)
    made = recipe(line, how)
    seen = []
    engine = engine_of(
        made, Calibrated(recorder.samples), watch=lambda name, *rest: seen.append(rest)
    )
    assert isinstance(engine, BlockEngine)
    found = engine.linear("layer", x, weight, bias)
    formats = block_formats(made.config)
    sides = [
        encode(numbers, format_, axis=axis, scale_rounding=how)
        for numbers, format_, axis in zip((x, weight), formats, (1, 0), strict=True)
    ]
    sums = block_gemm(*sides, made.config).values
    assert np.array_equal(found, (sums + bias).astype(np.float32))
    ((a, b, watched),) = seen
    assert np.array_equal(a, sides[0].values)
    assert np.array_equal(b, sides[1].values)
    assert np.array_equal(watched, sums)


def test_tensor_scales_are_those_of_calibration():
    x, weight = RNG.normal(size=(6, 40)).astype("f4"), RNG.normal(size=(40, 5)).astype("f4")
    recorder = Recorder()
    recorder.linear("layer", x * 3, weight, None)
    made = recipe("b200-nvfp4")
    found = engine_of(made, Calibrated(recorder.samples)).linear("layer", x, weight, None)
    left, right = block_formats(made.config)
    a = encode(x, left, axis=1, tensor_scale=tensor_scale_of(x * np.float32(3), left))
    b = encode(weight, right, axis=0)
    assert np.array_equal(found, block_gemm(a, b, made.config).values.astype(np.float32))


def test_products_of_activations_are_products():
    a, b = (RNG.normal(size=shape).astype("f4") for shape in ((9, 3, 40), (9, 40, 4)))
    recorder = Recorder()
    recorder.product("mix", a, b)
    made = recipe("mxfp6e2m3*mxfp4 x 32 -> fp32:rtz:inf:plus0, window 26")
    found = engine_of(made, Calibrated(recorder.samples)).product("mix", a, b)
    formats = block_formats(made.config)
    for one, x, y in zip(found, a, b, strict=True):
        sides = encode(x, formats[0], axis=1), encode(y, formats[1], axis=0)
        want = block_gemm(*sides, made.config).values.astype(np.float32)
        assert np.array_equal(one, want)


def test_networks():
    """More bits, less noise; no block format breaks these images."""
    task = image_task("digits_cnn")
    names = "mxfp4", "mxfp6e2m3", "mxfp8e4m3"
    noise = []
    for name in names:
        found = evaluate(task, recipe(f"{name} x 32 -> fp32:rtz:inf:plus0, window 26"), 40)
        assert found.agreement > 0.9
        noise.append(found.sqnr_db)
    assert noise[0] < noise[1] - 3
    assert abs(noise[2] - noise[1]) < 6  # e4m3 and e2m3 have the same mantissa


def test_other_units_are_as_before():
    config = parse_line("e4m3 -> fp16")
    made = Recipe(config, Scaling(config.a), Scaling(config.b))
    assert type(engine_of(made, Calibrated({}))) is UnitEngine
