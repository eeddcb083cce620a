"""Products of integers in ONNX, as the float products that they stand for.

What an integer means is ``scale * (integer - zero)``. The product of what the operands mean is
computed on an engine, and rounded to the output's type as the operator says.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.onnx.products import Call, Side, contract, matmul

__all__ = ["INTEGER_PRODUCTS", "dequantized", "dynamically_rounded", "requantized"]

Array = NDArray[Any]


def dequantized(x: Array, scale: Array | float, zero: Array | None) -> Array:
    """What integers mean, float32."""
    offset = np.int32(0) if zero is None else zero.astype(np.int32)
    return (x.astype(np.int32) - offset).astype(np.float32) * np.asarray(scale, np.float32)


def requantized(y: Array, scale: Array, zero: Array | None) -> Array:
    """Integers that mean ``y``, of the type of ``zero``; what is beyond saturates."""
    offset = np.zeros((), np.uint8) if zero is None else zero
    limits = np.iinfo(offset.dtype)
    codes = np.rint(y / np.asarray(scale, np.float32)) + offset.astype(np.float32)
    return np.clip(codes, limits.min, limits.max).astype(offset.dtype)


def dynamically_rounded(x: Array) -> Array:
    """What is left of numbers as 8 bits with a scale that fits all of them."""
    low, high = np.float32(x.min(initial=0)), np.float32(x.max(initial=0))
    scale = np.asarray((high - low) / np.float32(255) or np.float32(1))
    zero = np.clip(np.rint(-low / scale), 0, 255).astype(np.uint8)
    return dequantized(requantized(x, scale, zero), scale, zero)


def _of_rows(x: Array | None) -> Array | None:
    """Numbers of each row of the left side, as a column."""
    return x[:, None] if x is not None and x.ndim == 1 and len(x) > 1 else x


def _mat_mul_integer(call: Call) -> tuple[Array, ...]:
    a = dequantized(call.given(0), 1, _of_rows(call.get(2)))
    b = dequantized(call.given(1), 1, call.get(3))
    y = matmul(call, a, b, (call.fixed(0, 2), call.fixed(1, 3)))
    return (np.rint(y).astype(np.int32),)


def _q_linear_mat_mul(call: Call) -> tuple[Array, ...]:
    rows = [_of_rows(call.get(place)) for place in (1, 2)]
    a = dequantized(call.given(0), np.asarray(rows[0]), rows[1])
    b = dequantized(call.given(3), call.given(4), call.get(5))
    y = matmul(call, a, b, (call.fixed(0, 1, 2), call.fixed(3, 4, 5)))
    return (requantized(y, call.given(6), call.get(7)),)


def _q_gemm(call: Call) -> tuple[Array, ...]:
    turned, alpha = call.how.get("transB"), np.float32(call.how.get("alpha", 1))
    scale, zero = call.given(4), call.get(5)
    if turned:
        scale, zero = (
            each if each is None or not each.ndim else each.reshape(-1, 1) for each in (scale, zero)
        )
    left = Side(
        dequantized(call.given(0), call.given(1), call.get(2)),
        "ba" if call.how.get("transA") else "ab",
        call.fixed(0, 1, 2),
    )
    b = dequantized(call.given(3), np.asarray(scale), zero)
    right = Side(b, "cb" if turned else "bc", call.fixed(3, 4, 5))
    y = contract(call.engine, call.name, left, right, "ac")
    c = call.get(6)
    if c is not None:
        y = y + c.astype(np.float32) * (call.given(1) * call.given(4)).astype(np.float32)
    y = y * alpha
    output = call.get(7)
    return (y.astype(np.float32) if output is None else requantized(y, output, call.get(8)),)


def _mat_mul_integer_to_float(call: Call) -> tuple[Array, ...]:
    a = dequantized(call.given(0), call.given(2), call.get(4))
    b = dequantized(call.given(1), call.given(3), call.get(5))
    return (_biased(matmul(call, a, b, (call.fixed(0, 2, 4), call.fixed(1, 3, 5))), call.get(6)),)


def _dynamic_quantize_mat_mul(call: Call) -> tuple[Array, ...]:
    a = dynamically_rounded(call.given(0))
    b = dequantized(call.given(1), call.given(2), call.get(3))
    return (_biased(matmul(call, a, b, (False, call.fixed(1, 2, 3))), call.get(4)),)


def _biased(y: Array, bias: Array | None) -> Array:
    return (y if bias is None else y + bias).astype(np.float32)


INTEGER_PRODUCTS: dict[tuple[str, str], Callable[[Call], tuple[Array, ...]]] = {
    ("", "MatMulInteger"): _mat_mul_integer,
    ("", "QLinearMatMul"): _q_linear_mat_mul,
    ("com.microsoft", "QGemm"): _q_gemm,
    ("com.microsoft", "MatMulIntegerToFloat"): _mat_mul_integer_to_float,
    ("com.microsoft", "DynamicQuantizeMatMul"): _dynamic_quantize_mat_mul,
}
"""By domain and name."""
