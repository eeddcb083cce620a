"""Variants of the operators that multiply and add, in every form that an opset knows."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx_build import QUESTIONS, Array, Graph, Recipe, edges

__all__ = ["product_recipes"]

Named = Iterator[tuple[str, list[int], Recipe]]


def product_recipes() -> Named:
    """All of them: name, opsets, and how the nodes are made."""
    for recipes in (
        *(_convolutions, _transposed, _matmuls, _gemms, _einsums, _recurrent, _attention),
        *(_integers, _fake_quantised, _branches),
    ):
        yield from recipes()


def _convolutions() -> Named:
    sides, kernels = (7, 6, 5), (3, 2, 3)
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"strides": (2, 1, 2)},
        {"dilations": (2, 1, 1)},
        {"group": 2},
        {"group": 4, "strides": (1, 2, 3)},
        {"strides": (3, 2, 1), "kernel_shape": True},
        {"strides": (2, 2, 2), "dilations": (1, 2, 1)},
    )
    opsets = edges("Conv")
    cases = product((1, 2, 3), ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"), choices)
    for n, (axes, auto_pad, chosen) in enumerate(cases):

        def recipe(
            g: Graph, n: int = n, axes: int = axes, auto: str = auto_pad, how: Any = chosen
        ) -> str:
            group, pads = how.get("group", 1), [1, 0, 2, 2, 1, 0][: 2 * axes]
            w = g.weight(8, 4 // group, *kernels[:axes])
            return g.add(
                *("Conv", g.given(4, *sides[:axes]), w, *([g.weight(8)] if n % 2 else [])),
                auto_pad=auto if auto != "NOTSET" or n % 3 else None,
                pads=pads if auto == "NOTSET" and n % 4 else None,
                group=group if group > 1 else None,
                kernel_shape=kernels[:axes] if how.get("kernel_shape") else None,
                strides=how["strides"][:axes] if "strides" in how else None,
                dilations=how["dilations"][:axes] if "dilations" in how else None,
            )

        label = "-".join(f"{key}{value}".replace(" ", "") for key, value in chosen.items())
        yield f"Conv{axes}d-{auto_pad}-{label or 'plain'}", opsets, recipe

    def computed_filters(g: Graph) -> str:
        """Filters that follow from what is given: a product of two activations."""
        w = (
            g.add("ReduceMax", g.given(4, 3, 2), keepdims=0, axes=[0])
            if g.opset < 18
            else g.axes("ReduceMax", g.given(4, 3, 2), [0], 18, keepdims=0)
        )
        w = g.axes("Unsqueeze", w, [1], 13)
        return g.add("Conv", g.given(1, 6, 5), w)

    yield "Conv-computed-filters", edges("Conv", "ReduceMax"), computed_filters


def _transposed() -> Named:
    sides, kernels = (4, 3, 3), (3, 2, 3)
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"strides": (2, 3, 1)},
        {"strides": (2, 2, 2), "output_padding": (1, 0, 1)},
        {"dilations": (2, 1, 2)},
        {"group": 2, "strides": (2, 1, 2)},
        {"strides": (3, 2, 2), "output_shape": (11, 7, 6)},
        {"group": 4},
        {"strides": (2, 2, 2), "dilations": (1, 2, 1), "pads": True},
    )
    opsets = edges("ConvTranspose")
    cases = product((1, 2, 3), ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"), choices)
    for n, (axes, auto_pad, chosen) in enumerate(cases):

        def recipe(
            g: Graph, n: int = n, axes: int = axes, auto: str = auto_pad, how: Any = chosen
        ) -> str:
            group = how.get("group", 1)
            w = g.weight(4, 6 // group if group < 4 else 1, *kernels[:axes])
            several = {
                key: list(value[:axes])
                for key, value in how.items()
                if key in ("strides", "dilations", "output_padding", "output_shape")
            }
            channels = 6 if group < 4 else 4
            return g.add(
                *("ConvTranspose", g.given(4, *sides[:axes]), w),
                *([g.weight(channels)] if n % 2 else []),
                auto_pad=auto if auto != "NOTSET" or n % 3 else None,
                pads=[1, 0, 1, 0, 1, 1][: 2 * axes] if auto == "NOTSET" and "pads" in how else None,
                group=group if group > 1 else None,
                **several,
            )

        label = "-".join(f"{key}{value}".replace(" ", "") for key, value in chosen.items())
        yield f"ConvTranspose{axes}d-{auto_pad}-{label or 'plain'}", opsets, recipe


def _matmuls() -> Named:
    weights = ((6, 5), (6,), (2, 6, 5), (1, 6, 5), (3, 2, 6, 5), (1, 1, 6, 5))
    for given, weight in product(((6,), (4, 6), (2, 4, 6), (3, 2, 4, 6)), weights):
        outer = given[:-2]
        if len(weight) > 2 and len(given) < 2:
            continue
        if any(
            a != b and 1 not in (a, b) for a, b in zip(outer[::-1], weight[:-2][::-1], strict=False)
        ) or len(weight) - 2 > len(outer):
            continue

        def right(g: Graph, given: Any = given, weight: Any = weight) -> str:
            return g.add("MatMul", g.given(*given), g.weight(*weight))

        yield f"MatMul-{given}x{weight}".replace(" ", ""), edges("MatMul"), right
    for weight, given in (
        ((5, 6), (6, 3)),
        ((6,), (6, 3)),
        ((5, 6), (2, 6, 3)),
        ((2, 5, 6), (2, 6, 3)),
    ):

        def left(g: Graph, given: Any = given, weight: Any = weight) -> str:
            return g.add("MatMul", g.weight(*weight), g.given(*given))

        yield f"MatMul-weight{weight}x{given}".replace(" ", ""), edges("MatMul"), left
    for a, b in (
        *(((4, 6), (6, 5)), ((2, 4, 6), (2, 6, 5)), ((1, 4, 6), (3, 6, 5)), ((3, 4, 6), (1, 6, 5))),
        *(((1, 6), (6, 1)), ((6, 1), (1, 6))),
    ):

        def both(g: Graph, a: Any = a, b: Any = b) -> str:
            return g.add("MatMul", g.given(*a), g.given(*b))

        yield f"MatMul-given{a}x{b}".replace(" ", ""), edges("MatMul"), both

    def square(g: Graph) -> str:
        x = g.given(6)
        return g.add("MatMul", x, g.add("Transpose", x, perm=[1, 0]))

    def shared(g: Graph) -> tuple[str, ...]:
        """One weight in two products, one of them transposed."""
        w = g.weight(6, 6)
        y = g.add("MatMul", g.given(6), w)
        return y, g.add("MatMul", y, g.add("Transpose", w, perm=[1, 0]))

    yield "MatMul-square", edges("MatMul"), square
    yield "MatMul-shared", edges("MatMul"), shared
    for name in ("DOUBLE", "FLOAT16", "INT32", "INT64", "UINT32"):

        def typed(g: Graph, name: str = name, to: int = getattr(TensorProto, name)) -> str:
            x, w = (
                g.add("Mul", each, g.constant(np.float32(4)))
                for each in (g.given(4, 6), g.weight(6, 5))
            )
            if to == TensorProto.UINT32:
                x, w = g.add("Abs", x), g.add("Abs", w)
            x, w = g.add("Cast", x, to=to), g.add("Cast", w, to=to)
            y = g.floats(g.add("MatMul", x, w))
            return g.add("MatMul", y, g.weight(5, 3)) if "INT" in name else y

        yield f"MatMul-{name}", [9, 13, 21] if "INT" in name else [7, 9, 13, 21], typed


def _gemms() -> Named:
    opsets = edges("Gemm")
    thirds = (None, (), (1,), (5,), (1, 5), (1, 1), "given", "column")
    for n, (ta, tb, third) in enumerate(product((0, 1), (0, 1), thirds)):
        chosen = [each for each in opsets if each >= 11] if third is None else opsets

        def recipe(g: Graph, n: int = n, ta: int = ta, tb: int = tb, third: Any = third) -> str:
            a = g.given(6)
            a = g.add("Transpose", a, perm=[1, 0]) if ta else a
            b = g.weight(5, 6) if tb else g.weight(6, 5)
            c = []
            if third == "given":
                c = [g.given(5)]
            elif third == "column":
                c = [g.given(1)]
            elif third is not None:
                c = [g.weight(*third)]
            return g.add(
                *("Gemm", a, b, *c),
                transA=ta or None,
                transB=tb or None,
                alpha=(None, 0.5, 1.5)[n % 3],
                beta=(None, 2.0)[n % 2],
            )

        yield f"Gemm-{ta}{tb}-{third}".replace(" ", ""), chosen, recipe

    def given(g: Graph) -> str:
        a = g.given(6)
        return g.add("Gemm", a, g.given(6), transB=1, alpha=0.25)

    def weight_first(g: Graph) -> str:
        y = g.add("Gemm", g.weight(4, 6), g.given(6), g.weight(4, 1), transB=1)
        return g.add("Transpose", y, perm=[1, 0])

    yield "Gemm-given", [11, 12, 13, 21], given
    yield "Gemm-weight-first", opsets, weight_first


def _einsums() -> Named:
    weighted = {
        "nij,jk->nik": ((4, 6), (6, 5)),
        "nij,kj->nik": ((4, 6), (5, 6)),
        "nij,jk->kni": ((4, 6), (6, 5)),
        "nij,jk": ((4, 6), (6, 5)),
        "ni,i->n": ((6,), (6,)),
        "nij,ij->n": ((4, 6), (4, 6)),
        "nhij,hjk->nhik": ((2, 4, 6), (2, 6, 5)),
        "nhi,hik->nk": ((2, 6), (2, 6, 5)),
        "...i,ik->...k": ((4, 6), (6, 5)),
        "n i j , j k -> n i k": ((4, 6), (6, 5)),
        "nij,jkl->nikl": ((4, 6), (6, 2, 5)),
        "nii,ik->nk": ((6, 6), (6, 5)),
        "nij,jj->ni": ((4, 6), (6, 6)),
        "NIj,jK->NIK": ((4, 6), (6, 5)),
        "nij,k->nik": ((4, 6), (5,)),
        "nij,jk->nk": ((4, 6), (6, 5)),
        "ncxy,oc->noxy": ((3, 4, 5), (6, 3)),
    }
    activations = {
        "nid,njd->nij": ((4, 6), (5, 6)),
        "nhid,nhjd->nhij": ((2, 4, 6), (2, 5, 6)),
        "nihd,njhd->nhij": ((4, 2, 6), (5, 2, 6)),
        "nhij,njhd->nihd": ((2, 4, 5), (5, 2, 6)),
        "nij,nij->ni": ((4, 6), (4, 6)),
        "ni,ni->n": ((6,), (6,)),
        "...ij,...jk->...ik": ((2, 4, 6), (2, 6, 5)),
        "nij,njk->nki": ((4, 6), (6, 5)),
        "ni,mi->nm": ((6,), (6,)),
    }
    for name, shapes, first in (
        *((name, shapes, False) for name, shapes in weighted.items()),
        *((name, shapes, True) for name, shapes in activations.items()),
    ):

        def recipe(g: Graph, name: str = name, shapes: Any = shapes, given: bool = first) -> str:
            x = g.given(*shapes[0])
            y = g.add(
                "Einsum", x, g.given(*shapes[1]) if given else g.weight(*shapes[1]), equation=name
            )
            if name.endswith("->kni"):
                y = g.add("Transpose", y, perm=[1, 2, 0])
            return g.add("Transpose", y, perm=[2, 0, 1]) if name == "nij,jk" else y

        # without an arrow letters are in alphabetical order: i, k, n
        yield f"Einsum-{name.replace(' ', '_')}-{'given' if first else 'weight'}", [12, 21], recipe

    def three(g: Graph) -> str:
        x, v, w = g.given(4, 6), g.weight(6, 5), g.weight(5, 3)
        return g.add("Einsum", x, v, w, equation="nij,jk,kl->nil")

    def weight_first(g: Graph) -> str:
        w = g.weight(5, 6)
        return g.add("Einsum", w, g.given(6, 4), equation="oi,nit->not")

    def one(g: Graph) -> str:
        y = g.add("Einsum", g.given(4, 6), equation="nij->nji")
        return g.add("MatMul", y, g.weight(4, 5))

    def outer(g: Graph) -> str:
        y = g.add("Einsum", g.given(4), g.given(5), equation="ni,nj->nij")
        return g.add("MatMul", y, g.weight(5, 3))

    yield "Einsum-outer-before-a-product", [12, 21], outer
    yield "Einsum-three", [12, 21], three
    yield "Einsum-weight-first", [12, 21], weight_first
    yield "Einsum-one-beside-a-product", [12, 21], one


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


def _integers() -> Named:
    kinds = (np.uint8, np.int8)
    ranges = {np.uint8: (0, 255), np.int8: (-128, 127)}
    points = ("none", "scalar", "both")
    for a, b, point in product(kinds, kinds, points):

        def matmul(g: Graph, a: Any = a, b: Any = b, point: str = point) -> str:
            x = g.given(value=g.integers(*ranges[a], QUESTIONS, 4, 6, dtype=a))
            w = g.constant(g.integers(*ranges[b], 6, 5, dtype=b))
            zeros = {
                "none": [],
                "scalar": [g.constant(3, a)],
                "both": [g.constant(3, a), g.constant(g.integers(0, 9, 5, dtype=b))],
            }[point]
            return g.floats(g.add("MatMulInteger", x, w, *zeros))

        def conv(g: Graph, a: Any = a, b: Any = b, point: str = point) -> str:
            x = g.given(value=g.integers(*ranges[a], QUESTIONS, 2, 6, 5, dtype=a))
            w = g.constant(g.integers(*ranges[b], 4, 2, 3, 2, dtype=b))
            zeros = {
                "none": [],
                "scalar": [g.constant(3, a)],
                "both": [g.constant(3, a), g.constant(2, b)],
            }[point]
            return g.floats(g.add("ConvInteger", x, w, *zeros, pads=[1, 0, 1, 1], strides=[2, 1]))

        names = f"{np.dtype(a)}-{np.dtype(b)}-{point}"
        yield f"MatMulInteger-{names}", [10, 21], matmul
        yield f"ConvInteger-{names}", [10, 21], conv
    for a, b, per_axis, scale in product(kinds, kinds, (False, True), (2.0**-6, 0.0173)):
        names = f"{np.dtype(a)}-{np.dtype(b)}-{'axis' if per_axis else 'tensor'}-{scale:.3f}"

        def factors(g: Graph, a: Any, b: Any, outputs: int, *, axis: bool, scale: float) -> Any:
            ws, wz = np.float32(scale), np.array(0, b)
            if axis:
                ws = np.float32(scale * 2.0 ** (np.arange(outputs) % 3))
                wz = np.zeros(outputs, b)
            first = [g.constant(np.float32(scale)), g.constant(np.array(5, a))]
            last = [g.constant(np.float32(32 * scale)), g.constant(np.array(7, a))]
            return first, [g.constant(ws), g.constant(wz)], last

        def qconv(
            g: Graph, *, a: Any = a, b: Any = b, axis: bool = per_axis, scale: float = scale
        ) -> str:
            x = g.given(value=g.integers(*ranges[a], QUESTIONS, 2, 6, 5, dtype=a))
            w = g.constant(g.integers(-60 if b is np.int8 else 0, 60, 4, 2, 3, 2, dtype=b))
            first, second, last = factors(g, a, b, 4, axis=axis, scale=scale)
            bias = g.constant(g.integers(-99, 99, 4, dtype=np.int32))
            y = g.add("QLinearConv", x, *first, w, *second, *last, bias, pads=[1, 1, 0, 0])
            return g.add("DequantizeLinear", y, *last)

        def qmatmul(
            g: Graph, *, a: Any = a, b: Any = b, axis: bool = per_axis, scale: float = scale
        ) -> str:
            x = g.given(value=g.integers(*ranges[a], QUESTIONS, 4, 6, dtype=a))
            w = g.constant(g.integers(-60 if b is np.int8 else 0, 60, 6, 5, dtype=b))
            first, second, last = factors(g, a, b, 5, axis=axis, scale=scale)
            y = g.add("QLinearMatMul", x, *first, w, *second, *last)
            return g.add("DequantizeLinear", y, *last)

        yield f"QLinearConv-{names}", [10, 21], qconv
        yield f"QLinearMatMul-{names}", [10, 20, 21], qmatmul


def _fake_quantised() -> Named:
    opsets = [*edges("QuantizeLinear", first=10)]

    def weight(g: Graph, shape: Any, axis: int | None, dtype: Any) -> str:
        low = 0 if dtype is np.uint8 else -60
        w = g.constant(g.integers(low, 60, *shape, dtype=dtype))
        if axis is None:
            return g.add("DequantizeLinear", w, g.constant(np.float32(0.05)))
        scales = (0.02 * (1 + np.arange(shape[axis]))).astype(np.float32)
        return g.add("DequantizeLinear", w, g.constant(scales), axis=axis)

    def fake(g: Graph, x: str, dtype: Any) -> str:
        both = [g.constant(np.float32(2.0**-4)), g.constant(np.array(4, dtype))]
        return g.add("DequantizeLinear", g.add("QuantizeLinear", x, *both), *both)

    for dtype, axis, wrapped in product((np.int8, np.uint8), (None, 0, 1), (False, True)):
        chosen = opsets if axis is None else [each for each in opsets if each >= 13]

        def matmul(g: Graph, dtype: Any = dtype, axis: Any = axis, wrapped: bool = wrapped) -> str:
            x = g.given(4, 6)
            x = fake(g, x, dtype) if wrapped else x
            return g.add("MatMul", x, weight(g, (6, 5), axis, dtype))

        def gemm(g: Graph, dtype: Any = dtype, axis: Any = axis, wrapped: bool = wrapped) -> str:
            x = g.given(6)
            x = fake(g, x, dtype) if wrapped else x
            return g.add("Gemm", x, weight(g, (5, 6), axis, dtype), g.weight(5), transB=1)

        def conv(g: Graph, dtype: Any = dtype, axis: Any = axis, wrapped: bool = wrapped) -> str:
            x = g.given(2, 6, 5)
            x = fake(g, x, dtype) if wrapped else x
            y = g.add("Conv", x, weight(g, (4, 2, 3, 3), axis, dtype), g.weight(4))
            return fake(g, g.add("Relu", y), dtype) if wrapped and axis is None else y

        names = f"{np.dtype(dtype)}-{axis}-{'both' if wrapped else 'weight'}"
        yield f"QDQ-MatMul-{names}", chosen, matmul
        yield f"QDQ-Gemm-{names}", chosen, gemm
        yield f"QDQ-Conv-{names}", chosen, conv

    def dynamic(g: Graph) -> str:
        x = g.given(4, 6)
        q, scale, zero = g.several(3, "DynamicQuantizeLinear", x)
        w, ws = g.constant(g.integers(-60, 60, 6, 5, dtype=np.int8)), g.constant(np.float32(0.05))
        y = g.add("MatMulInteger", q, w, zero, g.constant(np.int8(0)))
        y = g.add("Mul", g.floats(y), g.add("Mul", scale, ws))
        return g.add("Add", y, g.weight(5))

    def blocks(g: Graph) -> str:
        codes = [int(each) for each in g.integers(-8, 7, 8 * 5, dtype=np.int8)]
        w = g.tensor(helper.make_tensor("blocks", TensorProto.INT4, (8, 5), codes))
        w = g.add("DequantizeLinear", w, g.weight(2, 5), axis=0, block_size=4)
        return g.add("MatMul", g.given(4, 8), w)

    def narrow(g: Graph, to: int, opset_values: Any) -> str:
        codes = helper.make_tensor("narrow", to, (6, 5), opset_values)
        w = g.add("DequantizeLinear", g.tensor(codes), g.constant(np.float32(0.125)))
        return g.add("MatMul", g.given(4, 6), w)

    values: Array = np.linspace(-7, 7, 30).round()
    yield "DynamicQuantizeLinear-MatMulInteger", [11, 13, 21], dynamic
    yield "DequantizeLinear-blocks", [21], blocks
    for name, first in (
        ("INT4", 21),
        ("INT16", 21),
        ("FLOAT8E4M3FN", 19),
        ("FLOAT8E5M2", 19),
        ("INT32", 10),
    ):

        def recipe(g: Graph, to: int = getattr(TensorProto, name)) -> str:
            return narrow(
                g,
                to,
                [int(v) for v in values]
                if "FLOAT" not in TensorProto.DataType.Name(to)
                else list(values),
            )

        yield (
            f"DequantizeLinear-{name}",
            [each for each in (10, 13, 19, 21) if each >= first],
            recipe,
        )


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
