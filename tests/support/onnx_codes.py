"""Variants of products of codes: integer operators, quantised and dequantised tensors."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnx_build import QUESTIONS, Array, Graph, Recipe, edges

__all__ = ["code_recipes"]

Named = Iterator[tuple[str, list[int], Recipe]]


def code_recipes() -> Named:
    """Integers, and floats that were made of some."""
    for recipes in (_integers, _fake_quantised):
        yield from recipes()


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
