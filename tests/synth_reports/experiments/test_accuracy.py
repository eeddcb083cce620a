"""What the keys of networks' results are made of."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fp8mac.sim.networks.tasks.own import model_files
from fp8mac.synth_reports.experiments.accuracy import accuracy, training


def identity(folder, scale: float, inputs: float = 1) -> str:
    """Of a linear model whose weights lie in a file beside it."""
    folder.mkdir()
    weights = numpy_helper.from_array(np.full((3, 2), scale, np.float32), "w")
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("x", 3), ("y", 2))
    )
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [x], [y], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    path, data = folder / "net.onnx", folder / "data.npz"
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=0)
    np.savez(data, x=np.full((4, 3), inputs, np.float32))
    assert [each.name for each in model_files(path)] == ["net.onnx", "weights"]
    return accuracy.Case(str(path), "e4m3", "e4m3", "fp16", 3, inputs=str(data)).identity


def test_weights_in_another_file_belong_to_the_key(tmp_path):
    first = identity(tmp_path / "one", 1)
    assert identity(tmp_path / "moved", 1) == first
    assert identity(tmp_path / "weights", 2) != first
    assert identity(tmp_path / "inputs", 1, 2) != first


def test_training_data_belong_to_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_FMNIST", str(tmp_path))
    assert training.training_data("fmnist") == []
    for name in ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"):
        (tmp_path / name).write_bytes(b"1")
    first = training.training_data("fmnist")
    (tmp_path / name).write_bytes(b"2")
    changed = training.training_data("fmnist")
    assert [one == other for one, other in zip(first, changed, strict=True)] == [False, True]
    assert training.training_data("digits_cnn") == []


@pytest.mark.parametrize(
    ("acc", "chunk", "text"),
    [
        ("fp16", 0, "e4m3 -> fp16"),
        ("fp16", 64, "e4m3 -> fp16, chunk 64 -> fp32"),
        ("fp32", 64, "e4m3 -> fp32, chunk 64"),
        ("kulisch", 64, "e4m3 -> kulisch:12, chunk 64"),
    ],
)
def test_partial_sums_are_the_recipes_and_rows_name_the_unit_without(acc, chunk, text):
    case = accuracy.Case("digits_mlp", "e4m3", "e4m3", acc, 3, chunk=chunk)
    assert case.recipe().config.text == text
    assert case.config == case.recipe().config.plain
