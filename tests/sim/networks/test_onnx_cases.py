"""Models that were measured wrongly or stopped the program: answers against numpy, sentences."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from recipes import recipe
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.sim.networks.engines.engine import UnitEngine
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.model import load_onnx
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.own import own_task
from fp8mac.sim.networks.tasks.zoo import load_task

COUNT = 48


def some(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def case(folder, nodes, sides, weights, arrays, *, opset=17):
    """Files of a model from ``x`` to ``y`` and of its data; ``sides`` are the shapes of both."""
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip("xy", sides, strict=True)
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "case", infos[:1], infos[1:], tensors)
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.save(model, folder / "net.onnx")
    np.savez(folder / "data.npz", **arrays)
    return folder / "net.onnx", folder / "data.npz"


def right(path, data):
    """Every answer of float32 and of a unit of fp16 into fp32 is the label."""
    found = evaluate(own_task(path, data), recipe("fp16", "fp32"), 36)
    assert (found.metric.reference, found.metric.value, found.samples) == (1, 1, 36)
    assert found.agreement == 1
    assert found.sqnr_db > 45


def test_softmax_without_an_axis_is_over_all_that_follows(tmp_path):
    kernel, x = some(1, 5, 3, 1, 1), some(2, COUNT, 3, 4, 4) + some(3, COUNT, 3, 1, 1)
    scores = np.einsum("nchw,oc->no", x, kernel[:, :, 0, 0])
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["h"]),
        helper.make_node("GlobalAveragePool", ["h"], ["p"]),
        helper.make_node("Softmax", ["p"], ["y"]),
    ]
    sides, data = (["n", 3, 4, 4], ["n", 5, 1, 1]), {"x": x, "labels": scores.argmax(1)}
    path, file = case(tmp_path, nodes, sides, {"k": kernel}, data, opset=9)
    (y,) = load_onnx(path).run({"x": x})
    assert np.allclose(y.sum((1, 2, 3)), 1, atol=1e-6)
    right(path, file)


def test_batch_normalisation_has_the_statistics_of_the_model(tmp_path):
    x = 3 * some(1, COUNT, 4) + 1
    facts = {
        "scale": np.array([1, 2, 1, 3], np.float32),
        "shift": np.array([0, 1, 2, -1], np.float32),
        "mean": np.array([0, 3, -3, 1], np.float32),
        "var": np.array([1, 4, 0.25, 9], np.float32),
    }
    wanted = (x - facts["mean"]) / np.sqrt(facts["var"] + 1e-5) * facts["scale"] + facts["shift"]
    nodes = [
        helper.make_node("MatMul", ["x", "one"], ["h"]),
        helper.make_node("BatchNormalization", ["h", *facts], ["y"]),
    ]
    weights = {"one": np.eye(4, dtype=np.float32), **facts}
    data = {"x": x, "labels": wanted.argmax(1)}
    path, file = case(tmp_path, nodes, (["n", 4], ["n", 4]), weights, data, opset=9)
    (y,) = load_onnx(path).run({"x": x})
    assert np.abs(y - wanted).max() < 1e-5 * np.abs(wanted).max()
    right(path, file)


def test_normalisation_over_channels_is_over_channels(tmp_path):
    channels = 24
    x = 3 * some(1, COUNT, channels, 1, 1)
    squares = np.stack(
        [np.square(x[:, max(0, k - 2) : k + 3]).sum((1, 2, 3)) for k in range(channels)], 1
    )
    wanted = x[:, :, 0, 0] / (1 + squares) ** 0.75
    nodes = [
        helper.make_node("Conv", ["x", "one"], ["h"]),
        helper.make_node("LRN", ["h"], ["y"], size=5, alpha=5.0, beta=0.75, bias=1.0),
    ]
    weights = {"one": np.eye(channels, dtype=np.float32)[:, :, None, None]}
    side = ["n", channels, 1, 1]
    data = {"x": x, "labels": wanted.argmax(1)}
    path, file = case(tmp_path, nodes, (side, side), weights, data, opset=13)
    (y,) = load_onnx(path).run({"x": x})
    assert np.abs(y[:, :, 0, 0] - wanted).max() < 1e-5 * np.abs(wanted).max()
    right(path, file)


def test_dequantised_weights(tmp_path):
    codes = np.random.default_rng(1).integers(-127, 128, (8, 4)).astype(np.int8)
    x, weight = some(2, COUNT, 8), np.float32(0.05) * codes
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"], "product"),
    ]
    weights = {"q": codes, "s": np.array(0.05, np.float32)}
    data = {"x": x, "labels": (x @ weight).argmax(1)}
    path, file = case(tmp_path, nodes, (["n", 8], ["n", 4]), weights, data, opset=13)
    model = load_onnx(path)
    assert model.products == ["product"]
    for (y,) in (model.run({"x": x}), model.reference({"x": x})):
        assert np.abs(y - x @ weight).max() < 1e-5 * np.abs(y).max()
    right(path, file)


def test_a_first_dimension_of_minus_one(tmp_path):
    x, weight = some(1, COUNT, 8), some(2, 8, 4)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    data = {"x": x, "labels": (x @ weight).argmax(1)}
    right(*case(tmp_path, nodes, ([-1, 8], [-1, 4]), {"w": weight}, data))


def flat(folder):
    """Rows of the output are words, six to a question."""
    x, weight = some(1, COUNT, 6, 8), some(2, 8, 4)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Reshape", ["h", "s"], ["y"]),
    ]
    weights = {"w": weight, "s": np.array([-1, 4])}
    data = {"x": x, "labels": (x @ weight).reshape(COUNT, -1).argmax(1)}
    return case(folder, nodes, (["n", 6, 8], ["m", 4]), weights, data)


def test_an_output_of_other_rows_than_questions(tmp_path):
    path, file = flat(tmp_path)
    with pytest.raises(NetworkError) as error:
        own_task(path, file)
    assert str(error.value) == (
        f"The first output of '{path}', y, has the shape (12, 4) for 2 and (18, 4) for 3 "
        "questions: no axis is plainly that of the questions; --questions-axis y=AXIS names it."
    )
    task = own_task(path, file, "y=0")
    found = evaluate(task, recipe("fp16", "fp32"), 36)
    assert (found.metric.value, found.agreement) == (1, 1)


def test_the_axis_is_an_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_task.cache_clear()  # other files have been called the same
    flat(tmp_path)
    words = ["accuracy", "--network", "net.onnx", "--inputs", "data.npz", "--format", "fp16"]
    words += ["--acc", "fp32"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "--questions-axis y=AXIS names it." in result.stderr
    result = CliRunner().invoke(app, [*words, "--questions-axis", "y=0"])
    assert result.exit_code == 0, result.output
    assert "agreement 100.00 %" in result.stdout


def test_weights_in_a_file_that_is_not_there(tmp_path):
    path, _ = case(
        tmp_path,
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        (["n", 8], ["n", 4]),
        {"w": some(1, 8, 4)},
        {"x": some(2, COUNT, 8)},
    )
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0
    )
    assert len(load_onnx(path).products) == 1
    (tmp_path / "w.bin").unlink()
    with pytest.raises(NetworkError) as error:
        load_onnx(path)
    assert str(error.value) == (
        f"'{path}' keeps its weight w in the file '{tmp_path / 'w.bin'}', which is not there."
    )


def test_outputs_that_float32_holds_for_equal(tmp_path):
    """Of many saturated outputs none is the largest."""
    x, weight = some(1, COUNT, 8), 4 * some(2, 8, 200)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["y"]),
    ]
    path, file = case(tmp_path, nodes, (["n", 8], ["n", 200]), {"w": weight}, {"x": x})
    task = own_task(path, file)
    wide = evaluate(task, recipe("fp16", "fp32"), 36)
    assert wide.agreement == 1
    assert wide.metric.value == 1
    outputs = task.outputs(UnitEngine(recipe("fp16", "fp32"), task.calibrated()), np.arange(36))
    expected = task.reference(np.arange(36))
    assert (task.answers(outputs) != task.answers(expected)).any()
    assert (task.beside(outputs, expected) == task.answers(expected)).all()
    worse = expected.copy()
    worse[np.arange(36), expected.argmin(1)] = 2
    assert (task.beside(worse, expected) != task.answers(expected)).all()
