"""Graphs cut at their products: bodies, constants, files that cannot be used."""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx_nets import close, onnxruntime_says, picture_network, some, value
from onnx_nets import save_graph as save

from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx import graph as onnx_graph
from fp8mac.sim.networks.onnx.model import load_onnx, weight_files

RNG = np.random.default_rng(5)
node = helper.make_node


def whole(model, feeds):
    """The cut model on float32 numbers is the whole one."""
    wanted = onnxruntime_says(model, feeds)
    cut, recorder = load_onnx(model), Recorder()
    assert close(cut.reference(feeds), wanted)
    assert close(cut.run(feeds, recorder), wanted)
    return cut.products, sorted(recorder.samples)


def branch(name, weight):
    """x times a weight, in a branch; the other one has a name that this one has too."""
    return helper.make_graph([node("MatMul", ["x", weight], ["same"])], name, [], [value("same")])


@pytest.mark.parametrize("chosen", [False, True])
def test_branches(tmp_path, chosen):
    inner = node("If", ["c"], ["out"], then_branch=branch("a", "u"), else_branch=branch("b", "v"))
    other = helper.make_graph([node("Neg", ["x"], ["out"])], "n", [], [value("out")])
    outer = helper.make_graph([inner], "o", [], [value("out")])
    nodes = [
        node("Not", ["c"], ["d"]),
        node("If", ["d"], ["h"], then_branch=other, else_branch=outer),
        node("Relu", ["h"], ["y"]),
    ]
    weights = {"u": some(4, 4), "v": some(4, 4)}
    inputs = {"x": (TensorProto.FLOAT, ["n", 4]), "c": (TensorProto.BOOL, [])}
    path = save(tmp_path / "n.onnx", nodes, weights, inputs)
    products, seen = whole(path, {"x": some(3, 4), "c": np.array(chosen)})
    assert products == ["same", "same_2"]
    assert seen == (["same_2.input"] if chosen else [])  # else_branch comes first


@pytest.mark.parametrize("times", [1, 4])
def test_loops(tmp_path, times):
    body = helper.make_graph(
        [
            node("MatMul", ["state", "w"], ["next"], "step"),
            node("ReduceSum", ["next"], ["scanned"], keepdims=0),
            node("ReduceMax", ["next"], ["most"], keepdims=0),
            node("Less", ["most", "limit"], ["go"]),
        ],
        "body",
        [value("i", [], TensorProto.INT64), value("c", [], TensorProto.BOOL), value("state")],
        [value("go", [], TensorProto.BOOL), value("next"), value("scanned", [])],
    )
    nodes = [node("Loop", ["times", "", "x"], ["y", "sums"], body=body)]
    weights = {"w": some(4, 4), "limit": np.float32(1e9), "times": np.int64(times)}
    inputs = {"x": (TensorProto.FLOAT, ["n", 4])}
    path = save(tmp_path / "n.onnx", nodes, weights, inputs, outputs=["y", "sums"])
    feeds = {"x": some(3, 4)}
    assert whole(path, feeds) == (["step"], ["step.input"])
    assert load_onnx(path).run(feeds)[1].shape == (times,)


@pytest.mark.parametrize("backward", [0, 1])
def test_scans(tmp_path, backward):
    body = helper.make_graph(
        [
            node("MatMul", ["state", "w"], ["turned"], "step"),
            node("Add", ["turned", "now"], ["next"]),
            node("Identity", ["next"], ["out"]),
        ],
        "body",
        [value("state", ["n", 4]), value("now", ["n", 4])],
        [value("next", ["n", 4]), value("out", ["n", 4])],
    )
    how = {"num_scan_inputs": 1, "scan_input_axes": [1], "scan_output_axes": [1]}
    how |= {"scan_input_directions": [backward], "scan_output_directions": [backward]}
    nodes = [node("Scan", ["h", "x"], ["last", "y"], body=body, **how)]
    inputs = {"h": (TensorProto.FLOAT, ["n", 4]), "x": (TensorProto.FLOAT, ["n", 5, 4])}
    path = save(tmp_path / "n.onnx", nodes, {"w": some(4, 4)}, inputs, outputs=["last", "y"])
    assert whole(path, {"h": some(3, 4), "x": some(3, 5, 4)})[0] == ["step"]


def test_constants_are_computed_once(tmp_path, monkeypatch):
    """Also large ones, quantised ones, and those that a branch needs."""
    large = some(200, 200)
    codes = RNG.integers(-127, 128, (200, 200)).astype(np.int8)
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["w"]),
        node("Transpose", ["w"], ["wt"], perm=[1, 0]),
        node("MatMul", ["x", "wt"], ["h"], "quantised"),
        node("Mul", ["large", "two"], ["twice"]),
        node("Gather", ["twice", "row"], ["one"], axis=0),
        node("Add", ["h", "one"], ["g"]),
        node("MatMul", ["g", "twice"], ["y"], "doubled"),
    ]
    weights = {"q": codes, "s": np.float32(0.01), "large": large, "two": np.float32(2)}
    weights["row"] = np.int64(7)
    path = save(tmp_path / "n.onnx", nodes, weights, {"x": (TensorProto.FLOAT, ["n", 200])})
    feeds, sessions = {"x": some(3, 200)}, []
    wanted = onnxruntime.InferenceSession(
        str(path), _floats(), providers=["CPUExecutionProvider"]
    ).run(None, feeds)
    made = onnx_graph.session
    monkeypatch.setattr(onnx_graph, "session", lambda model: sessions.append(model) or made(model))
    cut, recorder = load_onnx(path), Recorder()
    for _ in range(3):
        assert close(cut.run(feeds, recorder), wanted)
    assert len(sessions) == 2  # constants, and the sum of the first product and a row
    assert set(recorder.samples) == {"quantised.input", "doubled.input"}


def _floats():
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return options


def test_a_weight_is_the_same_array_each_time(tmp_path):
    seen = []

    class Watch(Plain):
        def linear(self, name, x, weight, bias, arrange=lambda x: x):
            seen.append((name, weight.shape))
            return super().linear(name, x, weight, bias, arrange)

    cut = load_onnx(picture_network(tmp_path / "n.onnx"))
    for count in (1, 3):
        cut.run({"x": some(count, 2, 9, 9)}, Watch())
    assert seen[:4] == seen[4:]
    assert [name for name, _ in seen[:4]] == ["full", "depthwise", "grouped", "dense"]


def test_outputs_that_nothing_needs_are_not_computed(tmp_path):
    nodes = [
        node("MatMul", ["x", "w"], ["y"], "wanted"),
        node("MatMul", ["x", "w"], ["z"], "idle"),
        node("Split", ["y"], ["one", "two"], axis=1),
    ]
    inputs = {"x": (TensorProto.FLOAT, ["n", 4])}
    path = save(tmp_path / "n.onnx", nodes, {"w": some(4, 4)}, inputs, outputs=["two"])
    assert whole(path, {"x": some(3, 4)})[0] == ["wanted"]


def test_sequences_cross_the_cut(tmp_path):
    nodes = [
        node("SplitToSequence", ["x"], ["parts"], axis=1),
        node("SequenceAt", ["parts", "one"], ["part"]),
        node("MatMul", ["part", "w"], ["h"]),
        node("SequenceInsert", ["parts", "h"], ["more"]),
        node("ConcatFromSequence", ["more"], ["y"], axis=1),
    ]
    weights = {"w": some(1, 3), "one": np.int64(1)}
    path = save(tmp_path / "n.onnx", nodes, weights, {"x": (TensorProto.FLOAT, ["n", 4])})
    whole(path, {"x": some(3, 4)})


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18, 21])
def test_operators_between_products_are_those_of_the_opset(tmp_path, opset):
    """What onnx's reference evaluator had wrong: softmax, normalisation over the batch, LRN."""
    nodes = [
        node("Conv", ["x", "k"], ["c"]),
        node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["b"]),
        node("LRN", ["b"], ["l"], size=3, alpha=0.5),
        node("GlobalAveragePool", ["l"], ["p"]),
        node("Softmax", ["p"], ["s"]),
        node("Flatten", ["s"], ["f"]),
        node("MatMul", ["f", "w"], ["y"]),
    ]
    weights = {"k": some(5, 3, 2, 2), "w": some(5, 4), "scale": some(5), "shift": some(5)}
    weights |= {"mean": some(5), "var": np.abs(some(5)) + 1}
    inputs = {"x": (TensorProto.FLOAT, ["n", 3, 6, 6])}
    path = save(tmp_path / "n.onnx", nodes, weights, inputs, opset=opset)
    whole(path, {"x": some(7, 3, 6, 6)})


def says(path) -> str:
    with pytest.raises(NetworkError) as error:
        load_onnx(path)
    return str(error.value)


def test_files_that_cannot_be_used(tmp_path):
    path, x = tmp_path / "n.onnx", {"x": (TensorProto.FLOAT, ["n", 4])}
    assert says(path) == f"'{path}' cannot be read: No such file or directory."
    assert says(tmp_path) == f"'{tmp_path}' cannot be read: Is a directory."
    picture_network(path)
    written = path.read_bytes()
    for content in (b"half of it", b"", written[:-100], written[: len(written) // 2]):
        path.write_bytes(content)
        assert says(path) == f"'{path}' is not an ONNX model, or is damaged."
    save(path, [node("Relu", ["x"], ["y"])], {}, x)
    assert says(path).startswith(
        f"'{path}' has no product of matrices; on a unit, there are MatMul"
    )
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Fly", ["h"], ["y"])]
    save(path, nodes, {"w": some(4, 2)}, x)
    assert says(path).startswith(f"'{path}' cannot be run: ")
    assert "No Op registered for Fly" in says(path)
    save(path, nodes[:1], {"w": some(4, 2)}, x, outputs=["h"], opset=99)
    version = onnxruntime.__version__
    assert says(path).startswith(
        f"'{path}' cannot be run: it has opset 99, onnxruntime {version} knows "
    )
    save(path, [node("MatMul", ["z", "w"], ["y"])], {"w": some(4, 2)}, x)
    assert says(path) == (
        f"'{path}' cannot be run: Invalid model. Node input 'z' is not a graph input, "
        "initializer, or output of a previous node."
    )


def test_weights_in_a_file_of_their_own(tmp_path):
    path, data = tmp_path / "n.onnx", tmp_path / "w.bin"
    save(path, [node("MatMul", ["x", "W"], ["y"])], {"W": some(4, 2)}, {"x": (1, ["n", 4])})
    onnx.save_model(
        onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0
    )
    whole(path, {"x": some(3, 4)})
    assert weight_files(path) == [data]
    data.write_bytes(data.read_bytes()[:-1])
    assert says(path) == f"'{data}' ends before the weight W of '{path}'."
    data.unlink()
    assert says(path) == (f"'{path}' keeps its weight W in the file '{data}', which is not there.")


def test_nothing_is_told_to_anybody(tmp_path):
    """No identifier and no data base in the user's folder, which reports are sent from."""
    path = picture_network(tmp_path / "n.onnx")
    home = tmp_path / "home"
    home.mkdir()
    code = f"""
from fp8mac.sim.networks.onnx.model import load_onnx
import numpy as np
load_onnx({str(path)!r}).run({{"x": np.zeros((1, 2, 9, 9), np.float32)}})
"""
    rest = {name: x for name, x in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], check=True, env=rest | {"HOME": str(home)})
    assert list(home.rglob("*")) == []
