"""Variants of operators around products: functions of each element, choices and types."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto
from onnx_around import Form, Forms, between
from onnx_build import QUESTIONS, Graph, Recipe, edges

__all__ = ["element_recipes"]


def element_recipes() -> Iterator[tuple[str, list[int], Recipe]]:
    """Between two products."""
    for forms in (_activations, _choices, _elements, _types):
        yield from between(forms())


def _activations() -> Forms:
    for operator, axes in product(("Softmax", "LogSoftmax", "Hardmax"), (2, 3, 4)):
        for axis in (None, 1, axes - 1, -1, *([2] if axes == 4 else [])):

            def soft(g: Graph, x: str, operator: str = operator, axis: Any = axis) -> str:
                return g.add(operator, x, axis=axis)

            yield f"{operator}-{axes}d-axis{axis}", axes, edges(operator), soft
    simple: dict[str, tuple[dict[str, Any], ...]] = {
        "Relu": ({},),
        "LeakyRelu": ({}, {"alpha": 0.3}),
        "Elu": ({}, {"alpha": 0.5}),
        "Selu": ({}, {"alpha": 1.5, "gamma": 1.1}),
        "Celu": ({}, {"alpha": 0.5}),
        "ThresholdedRelu": ({}, {"alpha": 0.25}),
        "HardSigmoid": ({}, {"alpha": 0.3, "beta": 0.4}),
        "HardSwish": ({},),
        "Mish": ({},),
        "Gelu": ({}, {"approximate": "tanh"}),
        "Sigmoid": ({},),
        "Softplus": ({},),
        "Softsign": ({},),
        "Tanh": ({},),
        "Shrink": ({}, {"lambd": 0.75, "bias": 0.25}),
    }
    for operator, choices in simple.items():
        for how in choices:

            def apply(g: Graph, x: str, operator: str = operator, how: Any = how) -> str:
                return g.add(operator, x, **how)

            yield f"{operator}-{'-'.join(how) or 'plain'}", 3, edges(operator), apply
    for shape in ((4, 1, 1), (1,), (5, 6)):

        def prelu(g: Graph, x: str, shape: Any = shape) -> str:
            return g.add("PRelu", x, g.weight(*shape))

        yield f"PRelu-{shape}".replace(" ", ""), 4, edges("PRelu"), prelu
    for low, high in ((-1.0, 1.0), (-1.0, None), (None, 0.5), (None, None)):

        def clip(g: Graph, x: str, low: Any = low, high: Any = high) -> str:
            if g.opset < 11:
                return g.add("Clip", x, min=low, max=high)
            ends = [
                g.constant(np.float32(each)) if each is not None else "" for each in (low, high)
            ]
            while ends and not ends[-1]:
                ends.pop()
            return g.add("Clip", x, *ends)

        yield f"Clip-{low}-{high}", 3, edges("Clip"), clip


def _choices() -> Forms:
    for k, axis, largest in product((1, 3), (None, 1), (None, 0)):

        def top(
            g: Graph, x: str, k: int = k, axis: Any = axis, largest: Any = largest
        ) -> list[str]:
            if g.opset < 10:
                return g.several(2, "TopK", x, k=k, axis=axis)
            return g.several(2, "TopK", x, g.constant([k], np.int64), axis=axis, largest=largest)

        opsets = edges("TopK") if largest is None else [11, 21]
        yield f"TopK-{k}-{axis}-{largest}", 3, opsets, top
    for operator in ("Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"):
        first = 11 if operator == "Equal" else 9

        def compare(g: Graph, x: str, operator: str = operator) -> str:
            return g.add("Where", g.add(operator, x, g.weight(6)), x, g.weight(4, 1))

        yield f"Where-{operator}", 3, edges("Where", operator, first=first), compare

    def hot(g: Graph, x: str) -> str:
        ids = g.given(value=g.integers(0, 3, QUESTIONS, 4, dtype=np.int64))
        y = g.add("OneHot", ids, g.constant(6, np.int64), g.constant([0.0, 1.0], np.float32))
        return g.add("Add", x, y)

    def triangle(g: Graph, x: str) -> str:
        return g.add("Trilu", x, g.constant(1, np.int64), upper=0)

    def indices(g: Graph, x: str) -> str:
        y = g.add("NonZero", g.constant(np.eye(4, 6, dtype=np.float32)))
        y = g.add("Gather", y, g.constant(1, np.int64), axis=0)
        return g.add("Gather", x, y, axis=2)

    def ranged(g: Graph, x: str) -> str:
        ends = [g.constant(np.float32(each)) for each in (0, 3, 0.5)]
        return g.add("Mul", x, g.add("Range", *ends))

    def filled(g: Graph, x: str) -> str:
        return g.add(
            "Mul", x, g.add("ConstantOfShape", g.constant([4, 1], np.int64), value=_scalar(2.5))
        )

    def backwards(g: Graph, x: str) -> str:
        lens = g.constant([4, 2, 1], np.int64)
        return g.add("ReverseSequence", x, lens, batch_axis=0, time_axis=1)

    yield "OneHot", 3, edges("OneHot", first=9), hot
    yield "Trilu", 3, edges("Trilu"), triangle
    yield "NonZero", 3, edges("NonZero", first=9), indices
    yield "Range", 3, edges("Range"), ranged
    yield "ConstantOfShape", 3, edges("ConstantOfShape", first=9), filled
    yield "ReverseSequence", 3, edges("ReverseSequence"), backwards


def _scalar(value: float) -> TensorProto:
    return TensorProto(data_type=TensorProto.FLOAT, dims=[1], float_data=[value])


def _elements() -> Forms:
    unary = (
        "Abs Neg Exp Ceil Floor Sign Sin Cos Atan Sinh Erf Round Identity IsNaN Not Reciprocal "
        "Sqrt Log"
    ).split()
    for operator in unary:

        def one(g: Graph, x: str, operator: str = operator) -> str:
            if operator in ("Sqrt", "Log", "Reciprocal"):
                x = g.add("Add", g.add("Abs", x), g.constant(np.float32(0.5)))
            if operator == "Not":
                x = g.add("Cast", x, to=TensorProto.BOOL)
            return g.add(operator, x)

        yield operator, 3, edges(operator), one
    for operator, shape in product(
        ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod"), ((6,), (4, 1), (), (1, 4, 6))
    ):

        def two(g: Graph, x: str, operator: str = operator, shape: Any = shape) -> str:
            y = g.constant(np.abs(g.some(*shape)) + np.float32(0.5))
            x = g.add("Abs", x) if operator == "Pow" else x
            return g.add(operator, x, y, fmod=1 if operator == "Mod" else None)

        yield f"{operator}-{shape}".replace(" ", ""), 3, edges(operator, first=8), two
    for operator in ("Sum", "Mean", "Max", "Min"):

        def many(g: Graph, x: str, operator: str = operator) -> str:
            return g.add(operator, x, g.weight(6), g.add("Neg", x))

        yield f"{operator}-of-three", 3, edges(operator, first=8), many
    for operator in ("And", "Or", "Xor"):

        def logic(g: Graph, x: str, operator: str = operator) -> str:
            other = g.constant(np.arange(6) % 2 > 0)
            return g.add(operator, g.add("Cast", x, to=TensorProto.BOOL), other)

        yield operator, 3, edges(operator), logic


def _types() -> Forms:
    for name in ("DOUBLE", "FLOAT16", "INT8", "UINT8", "INT32", "INT64", "BOOL", "BFLOAT16"):
        opsets = edges("Cast") if name != "BFLOAT16" else [13, 21]

        def cast(g: Graph, x: str, to: int = getattr(TensorProto, name)) -> str:
            if to == TensorProto.UINT8:
                x = g.add("Abs", x)
            return g.floats(g.add("Cast", x, to=to))

        yield f"Cast-{name}", 3, opsets, cast

    def like(g: Graph, x: str) -> str:
        return g.add("CastLike", x, g.constant(np.float16(1)))

    def microsoft(operator: str, **how: Any) -> Form:
        return lambda g, x: g.add(operator, x, domain="com.microsoft", **how)

    def layer(g: Graph, x: str) -> str:
        return g.add(
            *(
                "SkipLayerNormalization",
                x,
                g.add("Neg", g.add("Relu", x)),
                g.weight(6),
                g.weight(6),
            ),
            domain="com.microsoft",
        )

    yield "CastLike", 3, edges("CastLike"), like
    yield "Microsoft-Gelu", 3, [13, 21], microsoft("Gelu")
    yield "Microsoft-FastGelu", 3, [13, 21], microsoft("FastGelu")
    yield "Microsoft-QuickGelu", 3, [13, 21], microsoft("QuickGelu", alpha=1.5)
    yield "Microsoft-SkipLayerNormalization", 3, [13, 21], layer
