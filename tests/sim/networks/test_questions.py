"""Questions in the arrays of ONNX models: which axis is theirs, and data that do not fit."""

import json

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_nets import picture_network, some
from onnx_nets import save_graph as save
from recipes import recipe
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.layout import parse_axes
from fp8mac.sim.networks.onnx.model import load_onnx
from fp8mac.sim.networks.onnx.questions import find_layout
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.own import own_task

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node


def layout(path, arrays, axes=""):
    return find_layout(load_onnx(path), arrays, parse_axes(axes), names=("m", "d"))


def says(path, arrays, axes="") -> str:
    with pytest.raises(NetworkError) as error:
        layout(path, arrays, axes)
    return str(error.value)


def product(path, sides, weight, *more, **weights):
    """x times w, then other nodes, from h to y."""
    nodes = (
        [node("MatMul", ["x", "w"], ["h"]), *more] if more else [node("MatMul", ["x", "w"], ["y"])]
    )
    return save(path, nodes, {"w": weight} | weights, {"x": (FLOAT, sides)})


@pytest.mark.parametrize("first", ["n", -1, None, 1, 4])
def test_the_first_axis(tmp_path, first):
    weight, x = some(8, 4), some(10, 8)
    path = product(tmp_path / "n.onnx", [first, 8], weight)
    found = layout(path, {"x": x})
    assert (found.count, found.size) == (
        10,
        first if isinstance(first, int) and first > 0 else None,
    )
    run = load_onnx(path).reference
    chosen = np.array([3, 0, 9, 9, 5])
    assert np.allclose(found.answers(run, chosen), x[chosen] @ weight, atol=1e-5)


def test_an_axis_of_a_state_and_a_number_for_all(tmp_path):
    nodes = [
        node("Add", ["x", "s"], ["xs"]),
        node("MatMul", ["xs", "w"], ["h"]),
        node("ReduceSum", ["state", "zero"], ["all"], keepdims=0),
        node("Mul", ["h", "all"], ["hs"]),
        node("Cast", ["rate"], ["r"], to=FLOAT),
        node("Mul", ["hs", "r"], ["y"]),
    ]
    weights = {"w": some(8, 4), "s": some(8), "zero": np.array([0])}
    x, state = some(10, 8), some(2, 10, 4)
    for shapes in ((["n", 8], [2, "n", 4]), ([None, 8], [2, None, 4]), ([None] * 2, [None] * 3)):
        inputs = {"x": (FLOAT, shapes[0]), "state": (FLOAT, shapes[1]), "rate": (INT64, [])}
        path = save(tmp_path / "n.onnx", nodes, weights, inputs)
        wanted = (x + weights["s"]) @ weights["w"] * state.sum(0)
        run, chosen = load_onnx(path).reference, np.array([1, 7, 2])
        for rate, size in ((np.array(3), None), (np.full(10, 3), None), (np.arange(10), 1)):
            found = layout(path, {"x": x, "state": state, "rate": rate})
            assert (found.count, found.size, found.axes["state"]) == (10, size, 1)
            factor = np.broadcast_to(rate, 10)[chosen][:, None]
            assert np.allclose(found.answers(run, chosen), wanted[chosen] * factor, atol=1e-4)
    assert says(path, {"x": x, "state": some(2, 9, 4), "rate": np.array(3)}) == (
        "The arrays of 'd' do not have as many questions as each other."
    )


def test_questions_that_are_along_another_axis(tmp_path):
    weight, x = some(8, 4), some(6, 10, 8)
    path = product(tmp_path / "n.onnx", [6, "n", 8], weight)
    found = layout(path, {"x": x}, "1")
    assert (found.count, found.axes, found.output) == (10, {"x": 1}, 1)
    chosen = np.array([2, 8])
    wanted = (x @ weight)[:, chosen].transpose(1, 0, 2).reshape(2, -1)
    assert np.allclose(found.answers(load_onnx(path).reference, chosen), wanted, atol=1e-5)
    found = layout(path, {"x": x}, "x=-2,y=1")
    assert (found.count, found.axes, found.output) == (10, {"x": 1}, 1)


def test_rows_of_a_question(tmp_path):
    """Six rows a question: no axis is that of the questions, unless the user says so."""
    weight, x = some(8, 4), some(40, 6, 8)
    reshape = node("Reshape", ["h", "shape"], ["y"])
    path = product(tmp_path / "n.onnx", ["n", 6, 8], weight, reshape, shape=np.array([-1, 4]))
    told = "The first output of 'm', y, has the shape (12, 4) for 2 and (18, 4) for 3 questions: "
    assert says(path, {"x": x}) == (
        told + "no axis is plainly that of the questions; --questions-axis y=AXIS names it."
    )
    assert says(path, {"x": x}, "y=1") == told + "axis 1 is not that of the questions."
    assert says(path, {"x": x}, "y=5") == told + "axis 5 is not that of the questions."
    found = layout(path, {"x": x}, "0")
    assert np.allclose(
        found.answers(load_onnx(path).reference, np.arange(40)),
        (x @ weight).reshape(40, -1),
        atol=1e-5,
    )
    gram = node("MatMul", ["h", "ht"], ["y"])
    path = product(
        tmp_path / "n.onnx", ["n", 8], weight, node("Transpose", ["h"], ["ht"], perm=[1, 0]), gram
    )
    assert says(path, {"x": x[:, 0]}).startswith(
        "The first output of 'm', y, has the shape (2, 2) for 2 and (3, 3) for 3 questions: no axis"
    )


@pytest.mark.parametrize("first", [-1, "n", 1])
def test_an_output_that_is_one_number(tmp_path, first):
    weight, x = some(8, 4), some(10, 8)
    path = product(
        tmp_path / "n.onnx", [first, 8], weight, node("ReduceSum", ["h"], ["y"], keepdims=0)
    )
    found = layout(path, {"x": x})
    assert (found.size, found.output) == (1, None)
    answers = found.answers(load_onnx(path).reference, np.arange(10))
    assert np.allclose(answers, (x @ weight).sum(1, keepdims=True), atol=1e-5)


def test_questions_that_change_each_other_are_asked_alone(tmp_path):
    weight, x = some(8, 4), some(10, 8)
    nodes = [
        node("DynamicQuantizeLinear", ["h"], ["q", "s", "z"]),
        node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    path = product(tmp_path / "n.onnx", ["n", 8], weight, *nodes)
    run, found = load_onnx(path).reference, layout(path, {"x": x})
    assert found.size == 1
    wanted = np.concatenate([run({"x": x[n : n + 1]})[0] for n in range(10)])
    assert (found.answers(run, np.arange(10)) == wanted).all()


def test_a_model_that_is_made_for_one_question_without_saying_so(tmp_path):
    weight, x = some(8, 4), some(10, 2, 8)
    reshape = node("Reshape", ["h", "shape"], ["y"])
    path = product(tmp_path / "n.onnx", ["n", 2, 8], weight, reshape, shape=np.array([1, 8]))
    found = layout(path, {"x": x})
    assert found.size == 1
    answers = found.answers(load_onnx(path).reference, np.arange(10))
    assert np.allclose(answers, (x @ weight).reshape(10, 8), atol=1e-5)


def test_inputs_without_an_axis_of_questions_are_asked_one_by_one(tmp_path):
    weight, x = some(8, 4), some(10, 3, 8)
    path = product(tmp_path / "n.onnx", [3, 8], weight)
    found = layout(path, {"x": x})
    assert (found.size, found.count) == (1, 10)
    answers = found.answers(load_onnx(path).reference, np.array([4, 1]))
    assert np.allclose(answers, (x @ weight).reshape(10, -1)[[4, 1]], atol=1e-5)


def test_whole_tasks_agree_with_themselves(tmp_path):
    """A batch that is fixed, an axis that is asked for, questions one by one."""
    weight, data = some(8, 4), tmp_path / "d.npz"
    for shape, x, axes in [
        *((["n", 8], some(20, 8), ""), ([4, 8], some(20, 8), ""), ([1, 8], some(20, 8), "")),
        *(([3, "n", 8], some(3, 20, 8), "1"), ([3, 8], some(20, 3, 8), "")),
    ]:
        path = product(tmp_path / "n.onnx", shape, weight)
        np.savez(data, x=x)
        task = own_task(path, data, axes)
        assert len(task.truth) == 15
        chosen = np.arange(15)
        assert np.allclose(task.outputs(Plain(), chosen), task.reference(chosen), atol=1e-5)
        assert evaluate(task, recipe("fp16", "fp32"), 15).agreement == 1


def test_data_that_do_not_fit(tmp_path):
    path, x = product(tmp_path / "n.onnx", ["n", 6, 8], some(8, 4)), some(10, 6, 8)
    assert says(path, {"x": x[:, :, :7]}) == (
        "The array x of 'd' has the shape (10, 6, 7); 'm' takes (n, 6, 8)."
    )
    assert says(path, {"x": x[:, 0, 0]}) == (
        "The array x of 'd' has the shape (10,); 'm' takes (n, 6, 8)."
    )
    assert says(path, {"x": np.full((10, 6, 8), "a")}) == (
        "The array x of 'd' has text; 'm' takes numbers."
    )
    assert says(path, {"x": x}, "z=1") == (
        "'z' in --questions-axis is not an input of 'm', nor its first output; they are x, y."
    )
    assert says(path, {"x": x}, "3") == "The input x has 3 axes, there is no axis 3."
    assert says(path, {"x": x}, "x=y") == (
        "'x=y' in --questions-axis is not an axis, such as 1 or name=1."
    )
    nodes = [node("Cast", ["x"], ["f"], to=FLOAT), node("MatMul", ["f", "w"], ["y"])]
    path = save(tmp_path / "n.onnx", nodes, {"w": some(8, 4)}, {"x": (INT64, ["n", 8])})
    assert layout(path, {"x": np.ones((10, 8))}).count == 10
    assert says(path, {"x": some(10, 8)}) == (
        "The array x of 'd' has numbers that are not of the type int64, which 'm' takes."
    )
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("SplitToSequence", ["h"], ["y"]),
    ]
    path = save(tmp_path / "n.onnx", nodes, {"w": some(8, 4)}, {"x": (FLOAT, ["n", 8])})
    assert says(path, {"x": some(10, 8)}) == (
        "The first output of 'm', y, is not an array of numbers."
    )
    nodes = [
        node("Equal", ["t", "a"], ["e"]),
        node("Cast", ["e"], ["f"], to=FLOAT),
        node("MatMul", ["f", "w"], ["y"]),
    ]
    path = save(
        tmp_path / "n.onnx",
        nodes,
        {"w": some(2, 4), "a": np.array(["yes"], object)},
        {"t": (TensorProto.STRING, ["n", 2])},
        opset=19,
    )
    words = np.array([["yes", "no"], ["no", "yes"]] * 3)
    assert layout(path, {"t": words}).count == 6
    assert says(path, {"t": some(6, 2)}) == "The array t of 'd' has numbers; 'm' takes text."


def own_says(path, data) -> str:
    with pytest.raises(NetworkError) as error:
        own_task(path, data)
    return str(error.value)


def test_files_of_data_that_cannot_be_used(tmp_path):
    path, data = picture_network(tmp_path / "net.onnx"), tmp_path / "data.npz"
    assert own_says(path, data) == f"'{data}' cannot be read: No such file or directory."
    for content in (b"half of it", b""):
        data.write_bytes(content)
        assert own_says(path, data) == f"'{data}' is not an npz file of numbers."
    np.savez(data, x=np.array([{}], object))
    assert own_says(path, data) == f"'{data}' is not an npz file of numbers."
    np.savez(data, labels=np.arange(4))
    assert own_says(path, data) == f"'{data}' has nothing besides labels; the model takes x."
    np.savez(data, x=some(4, 2, 9, 9), z=some(4))
    assert own_says(path, data) == f"'{data}' has x, z besides labels; the model takes x."
    np.savez(data, x=some(1, 2, 9, 9))
    assert own_says(path, data) == (f"'{data}' has 1 questions; one calibrates, others are asked.")
    np.savez(data, x=some(4, 2, 9, 9), labels=np.arange(5))
    assert own_says(path, data) == f"'{data}' has 5 labels for 4 questions."
    for labels in (np.zeros((4, 5)), np.array(["cat", "dog", "cat", "cow"]), np.array(3)):
        np.savez(data, x=some(4, 2, 9, 9), labels=labels)
        assert own_says(path, data) == f"The labels of '{data}' are not a number for each question."
    np.savez(data, x=some(4, 3, 9, 9))
    assert own_says(path, data) == (
        f"The array x of '{data}' has the shape (4, 3, 9, 9); '{path}' takes (n, 2, 9, 9)."
    )


def test_calibration_one_by_one_keeps_as_many_numbers(tmp_path):
    """As many of a tensor as from all questions at once, and its largest."""
    path, data = product(tmp_path / "n.onnx", [1, 2000, 8], some(8, 4)), tmp_path / "d.npz"
    x = some(400, 2000, 8)
    np.savez(data, x=x)
    (sample,) = own_task(path, data).calibrated().samples.values()
    assert 100 * 2000 < len(sample.numbers) < 1 << 20
    assert sample.numbers[-1] == np.abs(x[:100]).max()


def test_the_command_is_told_the_axis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    product(tmp_path / "n.onnx", [3, "n", 8], some(8, 4))
    np.savez("d.npz", x=some(3, 8, 8))
    words = ["accuracy", "--network", "n.onnx", "--format", "fp16", "--acc", "kulisch", "--json"]
    run = CliRunner().invoke
    told = run(app, [*words, "--inputs", "d.npz", "--questions-axis", "1"])
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert report["result"]["samples"] == 6
    assert report["command"].endswith("--inputs d.npz --questions-axis 1")
    for axis, data, sentence in [
        ("4", ["--inputs", "d.npz"], "The input x has 3 axes, there is no axis 4."),
        ("1", [], "--questions-axis has no effect without --inputs."),
    ]:
        result = run(app, [*words, *data, "--questions-axis", axis])
        assert result.exit_code == 2
        assert result.stderr.strip() == sentence
