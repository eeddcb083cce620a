"""Small ONNX models, and what onnxruntime says of them."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(5)


def save(path, nodes, weights, inputs, *, batch="n", functions=()):
    """A model of nodes; ``inputs`` gives the shapes after the first axis."""
    graph = helper.make_graph(
        nodes,
        "small",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, *shape])
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=functions), path)
    return path


def some(*shape: int):
    return RNG.normal(size=shape).astype(np.float32)


def picture_network(path, batch="n"):
    """Convolutions of every kind, then a dense layer: 2 x 9 x 9 to 5 classes."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], "full", strides=[2, 1], pads=[1, 0, 2, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("Conv", ["r1", "w2", "b2"], ["c2"], "depthwise", group=4, auto_pad="SAME_UPPER"),
        node("Conv", ["c2", "w3"], ["c3"], "grouped", group=2, dilations=[2, 1]),
        node("GlobalAveragePool", ["c3"], ["p"]),
        node("Flatten", ["p"], ["f"]),
        node("Gemm", ["f", "w4", "b4"], ["y"], "dense", transB=1, alpha=0.5, beta=2.0),
    ]
    weights = {"w1": some(4, 2, 3, 3), "b1": some(4), "w2": some(4, 1, 4, 2), "b2": some(4)}
    weights |= {"w3": some(6, 2, 2, 2), "w4": some(5, 6), "b4": some(5)}
    return save(path, nodes, weights, {"x": (2, 9, 9)}, batch=batch)


def onnxruntime_says(path, feeds):
    """Outputs of the file as it is."""
    return onnxruntime.InferenceSession(str(path)).run(None, feeds)


def close(found, wanted) -> bool:
    """Equal but for float32's rounding, all outputs of a model."""
    return len(found) == len(wanted) and all(
        one.shape == other.shape
        and np.abs(one - other).max(initial=0) <= 1e-5 * np.abs(other).max(initial=0)
        for one, other in zip(found, wanted, strict=True)
    )


def value(name, shape=None, type_=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, type_, shape)


def save_graph(path, nodes, weights, inputs, *, outputs=("y",), opset=17):
    """A model; ``inputs`` gives type and shape of each."""
    graph = helper.make_graph(
        nodes,
        "small",
        [value(name, shape, type_) for name, (type_, shape) in inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(np.asarray(x), name) for name, x in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path
