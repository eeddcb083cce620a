"""Operators that multiply matrices, cut out of models, against onnxruntime's."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_nets import close, onnxruntime_says
from recipes import recipe

from fp8mac.sim.networks.engines.engine import Calibrated, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.model import load_onnx

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    """The same numbers for a test, whatever ran before."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(7))


def some(*shape: int):
    return RNG.normal(size=shape).astype(np.float32)


def integers(dtype, *shape: int):
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max + 1, shape).astype(dtype)


def model(path, kind, inputs, given, *, outputs=1, opset=17, domain="", **how):
    """A model of one operator; ``given`` names inputs that are not part of it."""
    names = [name if value is not None else "" for name, value in inputs.items()]
    made = [f"y{number}" for number in range(outputs)]
    node = helper.make_node(kind, names, made, "op", domain=domain, **how)

    def told(name, x):
        return helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(x.dtype), list(x.shape)
        )

    graph = helper.make_graph(
        [node],
        "one",
        [told(name, inputs[name]) for name in given],
        [onnx.ValueInfoProto(name=name) for name in made],
        [
            numpy_helper.from_array(x, name)
            for name, x in inputs.items()
            if name not in given and x is not None
        ],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    return path


def check(path, kind, inputs, *, weights=(), **how):
    """The cut model is the whole one, its weights constant and not."""
    recorders = []
    for given in ([n for n in inputs if inputs[n] is not None and n not in weights], None):
        known = [n for n in inputs if inputs[n] is not None] if given is None else given
        model(path, kind, inputs, known, **how)
        feeds = {name: inputs[name] for name in known}
        cut, wanted = load_onnx(path), onnxruntime_says(path, feeds)
        recorders.append(Recorder())
        assert close(cut.reference(feeds), wanted)
        assert close(cut.run(feeds, recorders[-1]), wanted)
    return [sorted(each.samples) for each in recorders]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4), (4, 5)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (6, 4, 5)),
        ((6, 3, 4), (2, 1, 4, 5)),
        ((1, 3, 4), (1, 4, 5)),
        ((2, 6, 3, 4), (6, 4, 5)),
        ((0, 4), (4, 5)),
        ((3, 0), (0, 5)),
    ],
)
def test_matmul_is_a_product_with_all_shapes(tmp_path, left, right):
    inputs = {"a": some(*left), "w": some(*right)}
    weight, both = check(tmp_path / "n.onnx", "MatMul", inputs, weights=["w"])
    if all([*left, *right]):
        assert weight == ["op.input"]
        assert both == ["op.a", "op.b"]


def test_a_weight_of_several_products_has_a_scale_for_each_channel(tmp_path):
    path = tmp_path / "n.onnx"
    inputs = {"a": some(2, 6, 3, 4), "w": some(6, 4, 5)}
    inputs["w"] *= np.float32(10) ** np.arange(5, dtype=np.float32)
    model(path, "MatMul", inputs, ["a"])
    cut, recorder, shapes = load_onnx(path), Recorder(), []
    cut.run({"a": inputs["a"]}, recorder)
    engine = UnitEngine(
        recipe("fp16", "fp32"),
        Calibrated(recorder.samples),
        watch=lambda name, a, b, sums: shapes.append((a.shape, b.shape)),
    )
    (found,) = cut.run({"a": inputs["a"]}, engine)
    assert shapes == [((6, 6, 4), (6, 4, 5))]
    assert np.allclose(found, inputs["a"] @ inputs["w"], rtol=0.01, atol=0.02 * inputs["w"].max())


@pytest.mark.parametrize("turned", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_gemm(tmp_path, turned):
    a = some(3, 4) if not turned[0] else some(4, 3)
    w = some(4, 5) if not turned[1] else some(5, 4)
    how = {"transA": turned[0], "transB": turned[1], "alpha": 0.5, "beta": -2.0}
    for c in (some(5), some(3, 1), None):
        check(tmp_path / "n.onnx", "Gemm", {"a": a, "w": w, "c": c}, weights=["w", "c"], **how)


@pytest.mark.parametrize(
    ("equation", "shapes", "names"),
    [
        ("ij,jk->ik", [(3, 4), (4, 5)], ["op.input"]),
        ("ij,jk", [(3, 4), (4, 5)], ["op.input"]),
        ("bhid,bhjd->bhij", [(2, 3, 4, 5), (2, 3, 6, 5)], ["op.input"]),
        ("b i d, d h e -> b h i e", [(2, 4, 6), (6, 3, 5)], ["op.input"]),
        ("...ij,...kj->...ik", [(2, 3, 4), (2, 5, 4)], ["op.input"]),
        ("i,i->", [(4,), (4,)], ["op.input"]),
        ("ij,ij->i", [(3, 4), (3, 4)], ["op.input"]),
        ("ij,k->j", [(3, 4), (5,)], ["op.input"]),
        ("iij,jk->ik", [(3, 3, 4), (4, 5)], ["op.input"]),
        ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 6)], ["op.1.input", "op.2.input"]),
    ],
)
def test_einsum_that_adds_products_up(tmp_path, equation, shapes, names):
    inputs = {"abc"[number]: some(*shape) for number, shape in enumerate(shapes)}
    found = check(tmp_path / "n.onnx", "Einsum", inputs, weights=[*inputs][1:], equation=equation)
    assert found[0] == names


def test_integers_stand_for_floats(tmp_path):
    path, scale = tmp_path / "n.onnx", np.array(0.02, np.float32)
    a, w = integers(np.uint8, 3, 4), integers(np.int8, 4, 5)
    zeros = {"az": np.array(7, np.uint8), "wz": np.array([1, 0, -3, 0, 9], np.int8)}
    check(path, "MatMulInteger", {"a": a, "w": w} | zeros, weights=["w", "wz"])
    check(path, "MatMulInteger", {"a": a, "w": w}, weights=["w"])
    quantised = {"a": a, "as": scale, "az": zeros["az"], "w": w}
    quantised |= {"ws": np.abs(some(5)) / 9, "wz": zeros["wz"]}
    rest = {"ys": np.array(0.3, np.float32), "yz": np.array(128, np.uint8)}
    check(path, "QLinearMatMul", quantised | rest, weights=["w", "ws", "wz"])
    foreign = {"weights": ["w", "ws", "wz"], "domain": "com.microsoft"}
    inputs = {"a": some(3, 4), "w": w, "ws": quantised["ws"], "wz": zeros["wz"], "c": some(5)}
    check(path, "DynamicQuantizeMatMul", inputs, **foreign)
    inputs = {"a": a, "w": w, "as": scale, "ws": quantised["ws"], "az": zeros["az"]}
    check(path, "MatMulIntegerToFloat", inputs | {"wz": zeros["wz"]}, **foreign)


def test_sums_of_a_unit_are_rounded_to_integers(tmp_path):
    inputs = {"a": integers(np.uint8, 30, 4), "w": integers(np.int8, 4, 5)}
    path = model(tmp_path / "n.onnx", "MatMulInteger", inputs, ["a"])

    class Off(Plain):
        def linear(self, name, x, weight, bias, arrange=lambda x: x):
            return super().linear(name, x, weight, bias, arrange) + np.float32(0.75)

    (found,) = load_onnx(path).run({"a": inputs["a"]}, Off())
    wanted = inputs["a"].astype(int) @ inputs["w"].astype(int)
    assert found.dtype == np.int32
    assert (found == wanted + 1).all()


def test_a_quantised_weight_is_the_float_that_it_stands_for(tmp_path):
    """Sessions of onnxruntime would also round the activations, to run on integers."""
    codes, x = integers(np.int8, 64, 32), some(9, 64)
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "qdq",
        [helper.make_tensor_value_info("x", 1, ["n", 64])],
        [helper.make_tensor_value_info("y", 1, ["n", 32])],
        [numpy_helper.from_array(codes, "q"), numpy_helper.from_array(np.float32(0.1), "s")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(made, tmp_path / "n.onnx")
    cut, wanted = load_onnx(tmp_path / "n.onnx"), x @ (codes * np.float32(0.1))
    assert close(cut.reference({"x": x}), [wanted])
    assert close(cut.run({"x": x}), [wanted])


def test_convolutions_of_integers(tmp_path):
    path, x, w = tmp_path / "n.onnx", integers(np.uint8, 2, 3, 6, 5), integers(np.int8, 4, 3, 3, 2)
    zero = np.array(100, np.uint8)
    how = {"weights": ["w", "wz", "ws", "b"], "pads": [1, 0, 1, 1], "strides": [2, 1]}
    check(path, "ConvInteger", {"x": x, "w": w, "xz": zero}, **how)
    inputs = {"x": x, "xs": np.array(0.01, np.float32), "xz": zero, "w": w}
    inputs |= {"ws": np.abs(some(4)) / 50, "wz": np.zeros(4, np.int8)}
    inputs |= {"ys": np.array(0.1, np.float32), "yz": np.array(120, np.uint8)}
    inputs |= {"b": np.array([1000, -2000, 0, 3], np.int32)}
    check(path, "QLinearConv", inputs, **how)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"strides": [2, 3], "pads": [1, 0, 0, 2]},
        {"strides": [2, 2], "output_padding": [1, 1], "dilations": [2, 1]},
        {"strides": [3, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [2, 3], "auto_pad": "SAME_LOWER"},
        {"strides": [2, 3], "auto_pad": "VALID"},
        {"strides": [2, 2], "output_shape": [9, 8]},
        {"strides": [4, 4], "output_shape": [14, 15]},
        {"group": 2, "strides": [2, 1]},
        {"pads": [2, 1, 2, 1]},
    ],
)
def test_transposed_convolutions(tmp_path, how):
    inputs = {"x": some(2, 4, 4, 5), "w": some(4, 3, 3, 2), "b": some(3 * how.get("group", 1))}
    found = check(tmp_path / "n.onnx", "ConvTranspose", inputs, weights=["w", "b"], **how)
    assert found[0] == ["op.input"]


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])
def test_convolutions_whose_filters_are_given_or_not(tmp_path, axes, kind):
    x, w = some(2, 4, *(7, 6, 5)[:axes]), some(6, 2, *(3, 2, 3)[:axes])
    how = {"strides": [2, 1, 2][:axes], "group": 2, "auto_pad": kind}
    found = check(tmp_path / "n.onnx", "Conv", {"x": x, "w": w, "b": some(6)}, weights=["w"], **how)
    assert found == [["op.input"], ["op.a", "op.b"]]


_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", _GATES)
def test_recurrent_operators(tmp_path, kind, direction):
    gates, ways = _GATES[kind], 1 + (direction == "bidirectional")
    steps, count, inner, size = 5, 3, 4, 6
    inputs = {"x": some(steps, count, inner), "w": some(ways, gates * size, inner)}
    inputs |= {"r": some(ways, gates * size, size), "b": some(ways, 2 * gates * size)}
    inputs |= {"lengths": np.array([5, 2, 4], np.int32), "h": some(ways, count, size)}
    states = ["h"]
    if kind == "LSTM":
        inputs |= {"c": some(ways, count, size), "p": some(ways, 3 * size)}
        states.append("c")
    how = {"direction": direction, "hidden_size": size, "outputs": 1 + len(states)}
    variants = [{}, {"clip": 0.5}]
    variants += {"GRU": [{"linear_before_reset": 1}], "LSTM": [{"input_forget": 1}]}.get(kind, [])
    for more in variants:
        names = check(
            tmp_path / "n.onnx", kind, inputs, weights=["w", "r", "b", "p"], **how, **more
        )[0]
        assert names[:2] == ["op.h.input"] + (
            ["op.h.reverse.input"]
            if ways == 2
            else [
                "op.r.input"
                if kind == "GRU" and not more.get("linear_before_reset")
                else "op.x.input"
            ]
        )
    few = {name: inputs[name] for name in ("x", "w", "r")}
    check(tmp_path / "n.onnx", kind, few, weights=["w", "r"], **how)


def test_functions_of_gates(tmp_path):
    inputs = {"x": some(4, 2, 3), "w": some(1, 5, 3), "r": some(1, 5, 5)}
    for name, a, b in [
        *(("Affine", 0.5, 0.1), ("Elu", 0.7, None), ("HardSigmoid", 0.3, 0.4)),
        *(("LeakyRelu", 0.2, None), ("Relu", None, None), ("ScaledTanh", 0.8, 0.6)),
        *(("Sigmoid", None, None), ("Softplus", None, None), ("Softsign", None, None)),
        *(("Tanh", None, None), ("ThresholdedRelu", 0.2, None)),
    ]:
        how = {"activations": [name], "hidden_size": 5}
        how |= {} if a is None else {"activation_alpha": [a]}
        how |= {} if b is None else {"activation_beta": [b]}
        check(tmp_path / "n.onnx", "RNN", inputs, weights=["w", "r"], **how)


def test_an_lstm_of_integers(tmp_path):
    inputs = {
        "x": some(4, 2, 3),
        "w": integers(np.int8, 1, 3, 20),
        "r": integers(np.int8, 1, 5, 20),
    }
    inputs |= {"b": some(1, 40), "lengths": None, "h": None, "c": None, "p": None}
    inputs |= {"ws": np.array([0.01], np.float32), "wz": np.zeros(1, np.int8)}
    inputs |= {"rs": np.array([0.02], np.float32), "rz": np.zeros(1, np.int8)}
    path = tmp_path / "n.onnx"
    how = {"domain": "com.microsoft", "hidden_size": 5, "outputs": 3}
    model(path, "DynamicQuantizeLSTM", inputs, ["x"], **how)
    cut, feeds = load_onnx(path), {"x": inputs["x"]}
    assert close(cut.run(feeds), cut.reference(feeds))  # with more threads, of parts of the batch


def test_attention_is_its_products(tmp_path):
    inputs = {"q": some(2, 3, 4, 8), "k": some(2, 3, 6, 8), "v": some(2, 3, 6, 8)}
    path = model(tmp_path / "n.onnx", "Attention", inputs, list(inputs), opset=23, is_causal=1)
    cut, recorder = load_onnx(path), Recorder()
    assert len(cut.products) == 2
    assert close(cut.run(inputs, recorder), onnxruntime_says(path, inputs))
    assert sorted({name[-2:] for name in recorder.samples}) == [".a", ".b"]


def test_products_of_whole_numbers_are_not_the_units(tmp_path):
    inputs = {"a": integers(np.int32, 3, 4), "w": integers(np.int32, 4, 5)}
    path = model(tmp_path / "n.onnx", "MatMul", inputs, ["a", "w"])
    with pytest.raises(
        NetworkError, match="has no product of matrices; on a unit, there are MatMul"
    ):
        load_onnx(path)


def test_half_and_double_floats_keep_their_type(tmp_path):
    for dtype, room in ((np.float16, 2e-3), (np.float64, 1e-6)):
        inputs = {"a": some(3, 4).astype(dtype), "w": some(4, 5).astype(dtype)}
        path = model(tmp_path / "n.onnx", "MatMul", inputs, ["a"])
        cut, feeds = load_onnx(path), {"a": inputs["a"]}
        (found,), (wanted,) = cut.run(feeds), cut.reference(feeds)
        assert found.dtype == wanted.dtype == dtype
        assert np.allclose(found, wanted, rtol=0, atol=room * np.abs(wanted).max())


def test_foreign_operators_that_hide_products_are_refused_by_name(tmp_path):
    inputs = {"x": some(2, 3, 4), "w": some(4, 4), "b": some(4)}
    path = model(
        tmp_path / "n.onnx",
        "MultiHeadAttention",
        inputs,
        ["x"],
        domain="com.microsoft",
        num_heads=2,
    )
    with pytest.raises(NetworkError) as error:
        load_onnx(path)
    assert str(error.value) == (
        f"'{path}' has the operator MultiHeadAttention of com.microsoft; on a unit, there are "
        "MatMul, Gemm, Einsum, MatMulInteger, QLinearMatMul, Conv, ConvTranspose, ConvInteger, "
        "QLinearConv, RNN, GRU, LSTM or Attention."
    )
