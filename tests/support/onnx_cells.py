"""Variants of recurrent operators, attention, branches and loops."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx_build import Array, Graph, Recipe, edges

__all__ = ["cell_recipes"]

Named = Iterator[tuple[str, list[int], Recipe]]


def cell_recipes() -> Named:
    """Products inside of other operators."""
    for recipes in (_recurrent, _attention, _branches):
        yield from recipes()


def _recurrent() -> Named:
    options: tuple[dict[str, Any], ...] = (
        {},
        {"bias": True},
        {"bias": True, "lens": True},
        {"bias": True, "state": True},
        {"state": True, "lens": True, "outputs": "all"},
        {"clip": 0.75, "bias": True},
        {"layout": 1, "bias": True, "state": True},
        {"outputs": "state"},
        {"activations": ["HardSigmoid", "Relu", "Tanh"], "bias": True},
        {"activations": ["Sigmoid", "Softsign", "Relu"]},
        {
            "activations": ["HardSigmoid", "LeakyRelu", "ScaledTanh"],
            "alpha": [0.3, 0.1, 1.2],
            "beta": [0.4, 0.7],
        },
        {"activations": ["Sigmoid", "Elu", "ThresholdedRelu"], "alpha": [0.5, 0.5], "bias": True},
        {"activations": ["Affine", "Softplus", "Affine"], "alpha": [0.5, 0.25], "beta": [0.1, 0.2]},
        {"only": "LSTM", "peepholes": True, "bias": True, "state": True},
        {"only": "LSTM", "peepholes": True, "lens": True},
        {"only": "GRU", "linear_before_reset": 1, "bias": True},
        {"only": "GRU", "linear_before_reset": 1, "bias": True, "state": True, "lens": True},
        {"only": "LSTM", "input_forget": 1, "bias": True},
        {"given_weights": True},
    )
    cases = product(("LSTM", "GRU", "RNN"), ("forward", "reverse", "bidirectional"), options)
    for kind, direction, chosen in cases:
        if kind != chosen.get("only", kind):
            continue
        opsets = edges(kind)[-2:] if "layout" in chosen else edges(kind)

        def recipe(
            g: Graph, kind: str = kind, direction: str = direction, how: Any = chosen
        ) -> tuple[str, ...]:
            return _cell(g, kind, direction, how)

        label = "-".join(each for each in chosen if each != "only") or "plain"
        first = chosen.get("activations", [""])[1:2]
        yield f"{kind}-{direction}-{label}{''.join(first)}", opsets, recipe


def _cell(g: Graph, kind: str, direction: str, how: Any) -> tuple[str, ...]:
    time, width, hidden = 5, 6, 4
    gates, count = {"LSTM": (4, 3), "GRU": (3, 2), "RNN": (1, 1)}[kind]
    ways = 2 if direction == "bidirectional" else 1
    small = np.float32(0.25)
    layout = how.get("layout", 0)
    x = g.given(time, width)
    x = x if layout else g.add("Transpose", x, perm=[1, 0, 2])
    weights = [g.constant(small * g.some(ways, gates * hidden, each)) for each in (width, hidden)]
    if "given_weights" in how:
        weights[0] = g.add("Neg", weights[0])
    bias = g.constant(small * g.some(ways, 2 * gates * hidden)) if "bias" in how else ""
    lens = g.given(value=np.array([5, 2, 4], np.int32)) if "lens" in how else ""
    states = []
    if "state" in how:
        for _ in range(2 if kind == "LSTM" else 1):
            state = g.given(ways, hidden)
            states.append(state if layout else g.add("Transpose", state, perm=[1, 0, 2]))
    inputs = [x, *weights, bias, lens, *states]
    if "peepholes" in how:
        inputs += [""] * (7 - len(inputs)) + [g.constant(small * g.some(ways, 3 * hidden))]
    while not inputs[-1]:
        inputs.pop()
    names = (how["activations"] * 2)[:count] * ways if "activations" in how else None
    outputs = g.several(
        3 if kind == "LSTM" else 2,
        *(kind, *inputs),
        hidden_size=hidden,
        direction=direction if direction != "forward" else None,
        clip=how.get("clip"),
        layout=layout or None,
        activations=names,
        activation_alpha=how.get("alpha"),
        activation_beta=how.get("beta"),
        linear_before_reset=how.get("linear_before_reset"),
        input_forget=how.get("input_forget"),
    )
    if not layout:
        outputs = [
            g.add("Transpose", outputs[0], perm=[2, 0, 1, 3]),
            *(g.add("Transpose", each, perm=[1, 0, 2]) for each in outputs[1:]),
        ]
    chosen = {"all": outputs, "state": outputs[1:]}.get(how.get("outputs"), outputs[:1])
    return tuple(chosen)


def _attention() -> Named:
    forms: dict[str, tuple[tuple[int, ...], ...]] = {
        "4d": ((2, 4, 6), (2, 5, 6), (2, 5, 6)),
        "4d-values": ((2, 4, 6), (2, 5, 6), (2, 5, 8)),
        "4d-grouped": ((4, 4, 6), (2, 5, 6), (2, 5, 6)),
        "3d": ((4, 12), (5, 12), (5, 12)),
    }
    hows: dict[str, dict[str, Any]] = {
        "plain": {},
        "causal": {"is_causal": 1},
        "scale": {"scale": 0.125},
        "softcap": {"softcap": 2.0},
        "mask": {"mask": (4, 5)},
        "mask4d": {"mask": (1, 1, 4, 5)},
        "boolean": {"mask": "bool"},
        "past": {"past": True},
    }
    for (form, shapes), (label, how) in product(forms.items(), hows.items()):

        def recipe(g: Graph, form: str = form, shapes: Any = shapes, how: Any = how) -> Any:
            how = dict(how)
            mask, past = how.pop("mask", None), how.pop("past", None)
            inputs = [g.given(*shape) for shape in shapes]
            if mask == "bool":
                inputs.append(g.constant(np.arange(20).reshape(4, 5) % 3 > 0))
            elif mask:
                inputs.append(g.weight(*mask))
            if past:
                heads, sizes = (shapes[1][0], shapes[1:]) if len(shapes[0]) == 3 else (2, None)
                widths = [each[-1] for each in sizes] if sizes else [6, 6]
                inputs += ["", *(g.given(heads, 3, each) for each in widths)]
            if form == "3d":
                how |= {"q_num_heads": 2, "kv_num_heads": 2}
            return tuple(g.several(3, "Attention", *inputs, **how)[: 3 if past else 1])

        yield f"Attention-{form}-{label}", [23], recipe

    def by_hand(g: Graph) -> str:
        x = g.given(4, 6)
        q, k, v = (g.add("MatMul", x, g.constant(g.some(6, 6) / 4)) for _ in range(3))
        scores = g.add("MatMul", q, g.add("Transpose", k, perm=[0, 2, 1]))
        return g.add("MatMul", g.add("Softmax", scores, axis=2), v)

    yield "Attention-by-hand", edges("Softmax"), by_hand


def _branches() -> Named:
    """Products inside of branches and loops."""

    def branch(x: str, weight: Array, name: str) -> Any:
        node = helper.make_node("MatMul", [x, f"{name}_w"], [f"{name}_y"], f"{name}_product")
        return helper.make_graph(
            [node],
            name,
            [],
            [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, None)],
            [helper.make_tensor(f"{name}_w", TensorProto.FLOAT, weight.shape, weight.ravel())],
        )

    for constant, value in product((True, False), (True, False)):

        def recipe(g: Graph, constant: bool = constant, value: bool = value) -> str:
            x = g.given(4, 6)
            if constant:
                condition = g.constant(np.array(value))
            else:
                top = g.axes("ReduceMax", x, None, 18, keepdims=0)
                condition = g.add("Less", top, g.constant(np.float32(100 if value else -100)))
            return g.add(
                *("If", condition),
                then_branch=branch(x, g.some(6, 5), "then"),
                else_branch=branch(x, g.some(6, 5), "else"),
            )

        name = f"If-{'constant' if constant else 'computed'}-{value}"
        yield name, edges("If", first=9), recipe

    def loop(g: Graph) -> str:
        x, weight = g.given(6), g.some(6, 6) / 4
        info = helper.make_tensor_value_info
        body = helper.make_graph(
            [
                helper.make_node("MatMul", ["state", "loop_w"], ["next"], "step"),
                helper.make_node("Identity", ["going"], ["still"]),
            ],
            "body",
            [
                info("turn", TensorProto.INT64, []),
                info("going", TensorProto.BOOL, []),
                info("state", TensorProto.FLOAT, None),
            ],
            [info("still", TensorProto.BOOL, []), info("next", TensorProto.FLOAT, None)],
            [helper.make_tensor("loop_w", TensorProto.FLOAT, (6, 6), weight.ravel())],
        )
        times, going = g.constant(np.int64(3)), g.constant(np.array(True))
        return g.add("Loop", times, going, x, body=body)

    def scan(g: Graph) -> str:
        x, weight = g.given(4, 6), g.some(6, 5)
        info = helper.make_tensor_value_info
        body = helper.make_graph(
            [helper.make_node("MatMul", ["part", "scan_w"], ["found"], "step")],
            "body",
            [info("part", TensorProto.FLOAT, None)],
            [info("found", TensorProto.FLOAT, None)],
            [helper.make_tensor("scan_w", TensorProto.FLOAT, (6, 5), weight.ravel())],
        )
        return g.add("Scan", x, body=body, num_scan_inputs=1)

    yield "Loop", edges("Loop"), loop
    yield "Scan", edges("Scan", first=9), scan
