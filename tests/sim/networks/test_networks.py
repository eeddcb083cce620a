"""Networks: layers against loops, gradients against differences, products on the unit by hand."""

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from recipes import recipe

from fp8mac.hw.config.formats import parse_format
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.codes.quantize import Calibration, Scaling, straight_through
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.engines.engine import Calibrated, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import Layer, forward, max_pool, patches
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.images import EMBEDDED, embedded_parameters, load_digits, read_idx
from fp8mac.sim.networks.tasks.tasks import image_task
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.sim.networks.training.backprop import Trainer, fold, initial
from fp8mac.sim.networks.training.qat import fine_tune

RNG = np.random.default_rng(0)
SMALL = (
    Layer("first", 2, 3, kernel=3, stride=2),
    Layer("second", 3, 4, kernel=3, pool="max"),
    Layer("third", 4, 5, kernel=3, pool="mean"),
    Layer("last", 5, 3, relu=False),
)


@pytest.mark.parametrize(("kernel", "stride", "side"), [(3, 1, 5), (3, 2, 7), (3, 2, 8), (5, 1, 6)])
def test_patches_are_what_a_filter_sees(kernel, stride, side):
    image = RNG.normal(size=(2, side, side, 3))
    weight = RNG.normal(size=(kernel, kernel, 3, 4))
    found = patches(image, kernel, stride).reshape(-1, kernel * kernel * 3) @ weight.reshape(-1, 4)
    steps = -(-side // stride)
    expected = np.zeros((2, steps, steps, 4))
    edge = kernel // 2
    for y, x, dy, dx in np.ndindex(steps, steps, kernel, kernel):
        row, column = y * stride + dy - edge, x * stride + dx - edge
        if 0 <= row < side and 0 <= column < side:
            expected[:, y, x] += image[:, row, column] @ weight[dy, dx]
    assert np.allclose(found.reshape(expected.shape), expected)


def test_max_pool():
    image = np.arange(16.0).reshape(1, 4, 4, 1)
    assert max_pool(image)[0, :, :, 0].tolist() == [[5, 7], [13, 15]]


@pytest.mark.parametrize("normalise", [False, True])
def test_gradients_are_those_of_the_loss(normalise):
    rng = np.random.default_rng(1)
    parameters = {
        name: value.astype(np.float64) + rng.normal(0, 0.1, value.shape)
        for name, value in initial(SMALL, rng, normalise).items()
    }
    x, labels = rng.normal(size=(6, 8, 8, 2)), np.array([0, 1, 2, 0, 1, 2])
    _, gradients = Trainer(SMALL, parameters).gradients(x, labels)
    checked = 0
    for name, gradient in gradients.items():
        for index in rng.integers(0, gradient.size, 4):
            place = np.unravel_index(index, gradient.shape)
            losses = []
            for step in (1e-5, -1e-5):
                moved = {key: value.copy() for key, value in parameters.items()}
                moved[name][place] += step
                losses.append(Trainer(SMALL, moved).gradients(x, labels)[0])
            numeric = (losses[0] - losses[1]) / 2e-5
            assert gradient[place] == pytest.approx(numeric, rel=2e-3, abs=1e-6)
            checked += 1
    assert checked == 4 * len(parameters)


def test_gradients_go_straight_through_rounding():
    layers = (Layer("only", 3, 2, relu=False),)
    weight = np.array([[0.2, 7.6], [1.4, -9.0], [3.0, 0.1]])
    parameters = {"only.weight": weight, "only.bias": np.zeros(2)}
    scaling = Scaling(parse_format("int4"))
    trainer = Trainer(layers, parameters, lambda name, x: straight_through(scaling, x, 1.0))
    x, labels = np.array([[1.2, -2.6, 30.0]]), np.array([0])
    _, gradients = trainer.gradients(x, labels)
    rows, rounded = np.array([[1, -3, 7]]), np.array([[0, 7], [1, -8], [3, 0]])
    outputs = rows @ rounded
    share = np.exp(outputs - outputs.max()) / np.exp(outputs - outputs.max()).sum()
    expected = rows.T @ (share - [[1, 0]]) * np.array([[1, 0], [1, 0], [1, 1]])
    assert np.allclose(gradients["only.weight"], expected)


def test_folding_leaves_the_network_as_it_was():
    rng = np.random.default_rng(3)
    trainer = Trainer(SMALL, initial(SMALL, rng, normalise=True))
    x = rng.normal(size=(64, 8, 8, 2)).astype(np.float32)
    for _ in range(120):
        trainer.gradients(x, np.zeros(64, np.int64))
    tape = []
    outputs = x
    for layer in SMALL:
        outputs = trainer._forward(layer, outputs, tape)
    assert np.allclose(forward(Plain(), SMALL, fold(SMALL, trainer), x), outputs, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "right"), [("digits_mlp", 587 / 600), ("digits_cnn", 591 / 600), ("fmnist", 0.92)]
)
def test_embedded_networks_answer_as_trained(name, right):
    task = load_task(name)
    questions = np.arange(min(600, len(task.truth)))
    answers = task.answers(task.outputs(Plain(), questions))
    share = (answers == task.truth[questions]).mean()
    assert share == pytest.approx(right, abs=0.002 if name != "fmnist" else 0.015)


def test_embedded_files_are_small():
    inside = files("fp8mac.sim.networks.data").iterdir()
    assert sum(len(file.read_bytes()) for file in inside if file.is_file()) < 1_100_000


@pytest.mark.parametrize(("a", "w", "acc"), [("e4m3", "e2m1", "fp16"), ("int8", "int4", "int16")])
def test_a_layer_is_the_golden_model(a, w, acc):
    x = RNG.normal(size=(3, 20)).astype(np.float32)
    weight, bias = RNG.normal(size=(20, 4)).astype(np.float32), np.float32([0, 1, 2, 3])
    recorder = Recorder()
    recorder.linear("layer", x, weight, bias)
    how = recipe(a, acc, w)
    calibrated = Calibrated(recorder.samples)
    found = UnitEngine(how, calibrated).linear("layer", x, weight, bias)
    a_scale = np.float32(calibrated.scale("layer.input", how.activations))
    w_scale = calibrated.scale("layer.weight", how.weights)
    a_codes = encode(x / a_scale, how.config.a)
    w_codes = encode(weight / np.float32(w_scale), how.config.b)
    for row, column in np.ndindex(3, 4):
        acc_code = 0
        for k in range(20):
            state = golden.mac(how.config, int(a_codes[row, k]), int(w_codes[k, column]), acc_code)
            acc_code = state.acc
        format_ = how.config.accumulator.format if acc == "fp16" else parse_format(acc)
        value = float(decode([acc_code], format_)[0])
        expected = value * float(a_scale) * float(w_scale[column]) + bias[column]
        assert found[row, column] == pytest.approx(expected, rel=1e-6)


def test_partial_sums_are_added_as_the_recipe_says():
    rng = np.random.default_rng(6)
    x, weight = (rng.uniform(1, 2, shape).astype(np.float32) for shape in ((2, 512), (512, 3)))
    recorder = Recorder()
    exact = recorder.linear("layer", x, weight, None)
    error = {}
    for chunk in (None, 16):
        how = recipe("fp16", "bf16", summation=f"chunk {chunk} -> fp32" if chunk else "")
        found = UnitEngine(how, Calibrated(recorder.samples)).linear("layer", x, weight, None)
        error[chunk] = np.abs(found / exact - 1).max()
    assert error[16] < 0.02
    assert error[None] > 0.1


def test_random_numbers_belong_to_their_places_however_few_columns():
    rng = np.random.default_rng(7)
    x, weight = (rng.uniform(1, 2, shape).astype(np.float32) for shape in ((40, 64), (64, 3)))
    recorder = Recorder()
    recorder.linear("layer", x, weight, None)
    seen = []
    engine = UnitEngine(
        recipe("e4m3", "fp16", summation="chunk 8 -> fp16:sr"),
        Calibrated(recorder.samples),
        watch=lambda name, a, b, sums: seen.append((a, b, sums)),
    )
    engine.linear("layer", x, weight, None)
    ((a, b, sums),) = seen
    config = engine.recipe.config
    assert np.array_equal(sums, gemm(encode(a, config.a), encode(b, config.b), config).values)


def test_a_wide_unit_is_float32():
    task = image_task("digits_cnn")
    result = evaluate(task, recipe("fp16", "fp32"), 100)
    assert result.agreement == 1
    assert result.sqnr_db > 55


def test_products_of_activations_are_products():
    a, b = RNG.normal(size=(30, 5, 8)), RNG.normal(size=(30, 8, 7))
    recorder = Recorder()
    recorder.product("mix", a, b)
    how = recipe("bf16", "fp32")
    found = UnitEngine(how, Calibrated(recorder.samples)).product("mix", a, b)
    assert found.shape == (30, 5, 7)
    assert np.allclose(found, a @ b, atol=0.05)
    other = recorder.product("mix", a, b[::-1])
    assert not np.allclose(found, other, atol=0.05)


@pytest.mark.parametrize("order", [1, -1])
def test_products_have_headroom_for_the_largest_sum_of_all_batches(order):
    small, large = np.eye(3)[None], np.ones((1, 3, 3))
    right = np.full((1, 3, 2), 30.0)
    recorder = Recorder()
    for left in (small, large)[::order]:
        recorder.product("mix", left, right)
    found = UnitEngine(recipe("e5m2", "fp16"), Calibrated(recorder.samples)).product(
        "mix", large, right
    )
    assert found.tolist() == np.full((1, 3, 2), 90.0).tolist()
    sides = [recorder.samples[name].rows for name in ("mix.a", "mix.b")]
    assert (sides[0] @ sides[1]).max() == 90


def test_residuals_are_rounded_where_asked():
    x, y = np.float32([[1.0, 300.0]]), np.float32([[0.1, 3.0]])
    recorder = Recorder()
    assert recorder.add("skip", x, y).tolist() == (x + y).tolist()
    how = recipe("e4m3", "kulisch", calibration="none")
    calibrated = Calibrated(recorder.samples)
    assert UnitEngine(how, calibrated).add("skip", x, y).tolist() == (x + y).tolist()
    plain = replace(how, residual=Scaling(parse_format("e4m3"), Calibration.NONE))
    assert UnitEngine(plain, calibrated).add("skip", x, y).tolist() == [[1.125, 288.0]]


def test_headroom_keeps_sums_in_the_accumulator():
    task = image_task("digits_mlp")
    kept = evaluate(task, recipe("e5m2", "fp16"), 200)
    lost = evaluate(task, recipe("e5m2", "fp16", headroom=False), 200)
    assert kept.broken == 0
    assert lost.broken > 100


def test_threads_and_blocks_do_not_matter():
    task = image_task("digits_cnn")
    how = recipe("e4m3", "bf16", summation="chunk 32")
    one = evaluate(task, how, 60)
    two = evaluate(replace(task, block=17), how, 60, threads=2)
    assert one.metric == two.metric
    assert one.sqnr_db == pytest.approx(two.sqnr_db, abs=1e-6)


def test_training_with_rounding_helps_four_bits():
    images, before = load_digits(), embedded_parameters("digits_mlp")
    scalings = (
        Scaling(parse_format("int4"), Calibration.MSE),
        Scaling(parse_format("int4"), Calibration.MSE, per_channel=True),
    )
    after = fine_tune("digits_mlp", before, images, scalings, epochs=4)
    again = fine_tune("digits_mlp", before, images, scalings, epochs=4)
    assert all(np.array_equal(after[name], again[name]) for name in after)
    how = recipe("int4", "kulisch", calibration="mse")
    shares = [
        evaluate(image_task("digits_mlp", parameters), how, 600).metric.value
        for parameters in (before, after)
    ]
    assert shares[1] >= shares[0] - 0.005
    assert set(after) == {
        f"{layer.name}.{part}" for layer in EMBEDDED["digits_mlp"] for part in ("weight", "bias")
    }


@pytest.mark.parametrize(
    ("name", "samples", "sentence"),
    [
        (
            "resnet",
            None,
            (
                "Unknown network 'resnet'; there are digits_mlp, digits_cnn, fmnist, minilm, "
                "minilm_simlex, minilm_sentiment, g2p, g2p_words, efficientnet, and paths that end "
                "in .onnx."
            ),
        ),
        ("digits_mlp", 601, "digits_mlp has 1 to 600 questions, not 601."),
        (
            "fmnist",
            2001,
            (
                "2000 images of fmnist are embedded, not 2001; for all 10,000 install Debian's "
                "dataset-fashion-mnist, or name its folder in FP8MAC_FMNIST."
            ),
        ),
    ],
)
def test_what_there_is_not_is_said(name, samples, sentence, monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_FMNIST", str(tmp_path))
    with pytest.raises(NetworkError) as error:
        load_task(name, samples)
    assert str(error.value) == sentence


def test_a_damaged_data_file_is_said(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(NetworkError, match="is damaged"):
        read_idx(path)
